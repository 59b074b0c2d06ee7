package io.berth.audit;

import io.berth.db.Database;
import io.berth.http.AuditSink;
import io.berth.oci.Json;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes what changes nothing (pulls, logins, refusals) and writes it in batches on a thread of its own. Nobody waits for it:
 * when the database cannot follow, events are lost and counted. Pulls have a place of their own, so that they cannot push
 * refusals out; nor can {@linkplain WrongProofs wrong proofs} of who somebody is. That refusals were lost is logged as well.
 * After an error whose outcome is unknown a batch may be there twice.
 */
public final class AuditQueue implements AuditSink, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(AuditQueue.class);
    private static final int PULLS = 16_384;
    private static final int OTHERS = 4_096;
    private static final int BATCH = 500;
    private static final long LINGER_MILLIS = 200;
    private static final long RETRY_MILLIS = 1_000;
    private static final long LOG_MILLIS = 60_000;
    private static final int LAST_TRIES = 3;

    private record Timed(long at, Event event) {}

    private final ArrayBlockingQueue<Timed> pulls;
    private final ArrayBlockingQueue<Timed> others;
    private final Database database;
    private final PullSampling sampling;
    private final AuditMeters meters;
    private final Clock clock;
    private final WrongProofs proofs = new WrongProofs();
    private final AtomicLong unsaid = new AtomicLong();
    private final AtomicLong saidAt = new AtomicLong(Long.MIN_VALUE / 2);
    private final List<Timed> batch = new ArrayList<>();
    private final Worker worker;
    private int lastTries;

    /** One that writes by itself. */
    public static AuditQueue start(Database database, PullSampling sampling, AuditMeters meters, Clock clock) {
        var queue = new AuditQueue(database, sampling, meters, clock, PULLS, OTHERS);
        queue.start();
        return queue;
    }

    /** One that writes when it is told to. */
    AuditQueue(Database database, PullSampling sampling, AuditMeters meters, Clock clock, int pulls, int others) {
        this.database = database;
        this.sampling = sampling;
        this.meters = meters;
        this.clock = clock;
        this.pulls = new ArrayBlockingQueue<>(pulls);
        this.others = new ArrayBlockingQueue<>(others);
        worker = new Worker("audit-queue", this::work);
        meters.queue(this, AuditQueue::depth);
    }

    void start() {
        worker.start();
    }

    @Override
    public boolean wantsPull(String project) {
        return sampling.takes(project);
    }

    @Override
    public void record(Event event) {
        meters.heard(event);
        if (!WrongProofs.isOne(event) || proofs.passes(event, clock.millis())) {
            take(event);
        }
    }

    private void take(Event event) {
        boolean pull = isPull(event);
        if (!(pull ? pulls : others).offer(new Timed(clock.millis(), event))) {
            meters.dropped(event);
            if (!pull) {
                unsaid.incrementAndGet();
                sayWhatWasLost();
            }
        }
    }

    @Override
    public void challenged(Challenge reason) {
        meters.challenged(reason);
    }

    private static boolean isPull(Event event) {
        return event.success() && event.operation().equals("pull");
    }

    private void sayWhatWasLost() {
        long now = clock.millis();
        long last = saidAt.get();
        if (now - last >= LOG_MILLIS && saidAt.compareAndSet(last, now)) {
            LOG.error(
                    "the audit's queue is full: {} logins and refusals were not recorded since this was last said",
                    unsaid.getAndSet(0));
        }
    }

    /** How many events wait to be written. */
    int depth() {
        return pulls.size() + others.size();
    }

    private long work() {
        do {
            try {
                waitForSome();
                write();
                lastTries = 0;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return RETRY_MILLIS;
            } catch (RuntimeException e) {
                LOG.warn("{} entries of the audit could not be written, which is tried again: {}", batch.size(), e);
                if (!worker.isClosing()) {
                    return RETRY_MILLIS;
                }
                lastTries++;
            }
        } while (worker.isClosing() && lastTries < LAST_TRIES && depth() + batch.size() > 0);
        return 0;
    }

    private void waitForSome() throws InterruptedException {
        if (batch.isEmpty() && pulls.isEmpty()) {
            Timed first = others.poll(LINGER_MILLIS, TimeUnit.MILLISECONDS);
            if (first != null) {
                batch.add(first);
            }
        }
    }

    /** Writes what is there, as much as makes a batch; returns how much. */
    int write() {
        others.drainTo(batch, BATCH - batch.size());
        pulls.drainTo(batch, BATCH - batch.size());
        long now = clock.millis();
        (worker.isClosing() ? proofs.all() : proofs.over(now)).forEach(sum -> batch.add(new Timed(now, sum)));
        if (batch.isEmpty()) {
            return 0;
        }
        List<AuditEntry> entries =
                batch.stream().map(timed -> entry(timed.at(), timed.event())).toList();
        Database.Work<Void> work = tx -> {
            entries.forEach(tx.dao(AuditDao.class)::insert);
            return null;
        };
        if (entries.size() >= BATCH) {
            database.write(work);
        } else {
            database.writeLater(work).join(); // with the next commit of others, where there is one
        }
        batch.clear();
        return entries.size();
    }

    private AuditEntry entry(long at, Event event) {
        String project =
                event.project().isEmpty() ? Names.project(event.resourceType(), event.resource()) : event.project();
        return new AuditEntry(
                0,
                at,
                event.operation(),
                event.resourceType(),
                Names.bounded(event.resource()),
                Names.orNull(project),
                event.actor().isEmpty() ? "unknown" : Names.bounded(event.actor()),
                Names.orNull(event.credential()),
                Names.orNull(event.client()),
                event.success(),
                Names.orNull(event.rule()),
                Names.orNull(event.requestId()),
                detail(event, project),
                null);
    }

    private String detail(Event event, String project) {
        var detail = Json.MAPPER.createObjectNode();
        for (Map.Entry<String, String> one : event.detail().entrySet()) {
            detail.put(one.getKey(), Names.bounded(one.getValue()));
        }
        if (isPull(event) && project != null && sampling.every(project) > 1) {
            detail.put("oneIn", sampling.every(project));
        }
        return Json.write(detail);
    }

    /** Writes what is there, unless the database fails. */
    @Override
    public void close() {
        worker.close();
    }
}
