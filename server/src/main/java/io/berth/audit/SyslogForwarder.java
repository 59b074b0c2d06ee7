package io.berth.audit;

import io.berth.config.BerthConfig;
import io.berth.db.Database;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Forwards entries to a receiver of syslog, in the order of their ids, beginning with the first after it was configured.
 * The database is the spool: while the receiver is away, its cursor stays. It moves when a batch was written and the
 * connection was still there a moment later; so after a cut some entries may come twice, and can be told by their id.
 */
public final class SyslogForwarder implements AutoCloseable {
    /** The name of its cursor. */
    private static final String NAME = "syslog";

    private static final Logger LOG = LoggerFactory.getLogger(SyslogForwarder.class);
    private static final int BATCH = 1_000;
    private static final long PAUSE_MILLIS = 1_000;
    private static final long MAX_BACKOFF_MILLIS = 60_000;
    private static final Duration SETTLES = Duration.ofMillis(250);
    private static final Duration GLANCE = Duration.ofMillis(1);

    private final Database database;
    private final BerthConfig.Syslog to;
    private final AtomicLong behind;
    private final Worker worker;
    private SyslogMessage message; // made when it is wanted: to find this machine's name may take long
    private volatile SyslogConnection connection;
    private long backoff = PAUSE_MILLIS;

    /** One that forwards by itself. */
    public static SyslogForwarder start(Database database, BerthConfig.Syslog to, AuditMeters meters) {
        var forwarder = new SyslogForwarder(database, to, meters);
        forwarder.worker.start();
        return forwarder;
    }

    /** One that forwards when it is told to. */
    SyslogForwarder(Database database, BerthConfig.Syslog to, AuditMeters meters) {
        this.database = database;
        this.to = to;
        behind = meters.syslogBehind();
        worker = new Worker("audit-syslog", this::work);
        if (cursor().isEmpty()) {
            long last = settled();
            database.write(tx -> {
                tx.dao(AuditDao.class).begin(NAME, last);
                return null;
            });
        }
    }

    private Optional<Long> cursor() {
        return database.read(tx -> tx.dao(AuditDao.class).cursor(NAME));
    }

    private static String host() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "-";
        }
    }

    private long settled() {
        return database.settled("audit_entry", tx -> tx.dao(AuditDao.class).last());
    }

    private long work() {
        if (worker.isClosing()) {
            return 0;
        }
        try {
            int sent = step();
            if (backoff > PAUSE_MILLIS) {
                LOG.info("the audit is forwarded to {}:{} again", to.host(), to.port());
            }
            backoff = PAUSE_MILLIS;
            return sent == BATCH ? 0 : PAUSE_MILLIS;
        } catch (IOException | RuntimeException e) {
            if (worker.isClosing()) {
                return 0;
            }
            long pause = backoff;
            backoff = Math.min(MAX_BACKOFF_MILLIS, backoff * 2);
            LOG.warn(
                    "the audit cannot be forwarded to {}:{}, {} entries wait, tried again in {} s: {}",
                    to.host(),
                    to.port(),
                    behind,
                    pause / 1_000,
                    e.toString());
            return pause;
        }
    }

    /**
     * Forwards the next entries; returns how many.
     *
     * @throws IOException when the receiver cannot be reached or has ended the connection
     */
    int step() throws IOException {
        long settled = settled();
        long cursor = cursor().orElseThrow();
        behind.set(Math.max(0, settled - cursor));
        if (cursor >= settled) {
            return 0;
        }
        List<AuditEntry> entries = database.read(tx -> tx.dao(AuditDao.class).written(cursor, settled, BATCH));
        if (!entries.isEmpty()) {
            send(entries);
        }
        long done = entries.isEmpty() ? settled : entries.getLast().id();
        database.write(tx -> {
            tx.dao(AuditDao.class).move(NAME, done);
            return null;
        });
        behind.set(Math.max(0, settled - done));
        return entries.size();
    }

    private void send(List<AuditEntry> entries) throws IOException {
        SyslogConnection current = connection;
        if (current == null || !current.isOpen(GLANCE)) {
            disconnect(); // receivers end connections that are idle
            current = SyslogConnection.open(to);
            connection = current;
        }
        if (message == null) {
            message = new SyslogMessage(host(), ProcessHandle.current().pid());
        }
        try {
            current.send(entries.stream().map(message::of).toList());
            if (!current.isOpen(SETTLES)) {
                throw new IOException("the receiver has ended the connection");
            }
        } catch (IOException e) {
            disconnect();
            throw e;
        }
    }

    private void disconnect() {
        SyslogConnection current = connection;
        connection = null;
        if (current != null) {
            current.close();
        }
    }

    @Override
    public void close() {
        worker.stop();
        disconnect(); // also ends a write to a receiver that takes nothing
        worker.close();
        disconnect();
    }
}
