package io.berth.audit;

import io.berth.http.AuditSink;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Wrong proofs of who somebody is: passwords, tokens, sessions. Anybody can send any number of them, so of each address the
 * first of a minute are recorded one by one, and of the others how many they were. What they are about is nobody's, so
 * nothing is lost that somebody has done or was refused. Thread-safe.
 */
final class WrongProofs {
    /** How many of an address and kind are recorded one by one in a minute. */
    static final int OF_ADDRESS = 60;

    /** How many of all together. */
    static final int OF_ALL = 1_200;

    /** How many addresses are counted apart; the others count together. */
    static final int ADDRESSES = 1_000;

    private static final long MINUTE = 60_000;
    private static final String SEVERAL = "";

    private record Key(String operation, String client) {}

    private static final class Count {
        private final String resourceType;
        private int passed;
        private long more;

        Count(String resourceType) {
            this.resourceType = resourceType;
        }
    }

    private final Map<Key, Count> counts = new HashMap<>();
    private final List<AuditSink.Event> over = new ArrayList<>();
    private long begun = Long.MIN_VALUE / 2;
    private int passed;

    static boolean isOne(AuditSink.Event event) {
        return !event.success()
                && event.credential().isEmpty()
                && (event.operation().equals("login") || event.operation().equals("authenticate"));
    }

    /** Whether it is recorded by itself; if not it has been counted. */
    synchronized boolean passes(AuditSink.Event event, long now) {
        end(now);
        var key = new Key(event.operation(), event.client() == null ? SEVERAL : event.client());
        if (!counts.containsKey(key) && counts.size() >= ADDRESSES) {
            key = new Key(event.operation(), SEVERAL);
        }
        Count count = counts.computeIfAbsent(key, missing -> new Count(event.resourceType()));
        if (count.passed < OF_ADDRESS && passed < OF_ALL) {
            count.passed++;
            passed++;
            return true;
        }
        count.more++;
        return false;
    }

    /** What the minutes that are over have left to say; each is said once. */
    synchronized List<AuditSink.Event> over(long now) {
        end(now);
        return take();
    }

    /** The same, and what this minute has. */
    synchronized List<AuditSink.Event> all() {
        end(Long.MAX_VALUE);
        return take();
    }

    private List<AuditSink.Event> take() {
        List<AuditSink.Event> taken = List.copyOf(over);
        over.clear();
        return taken;
    }

    private void end(long now) {
        if (now - begun < MINUTE && now >= begun) {
            return;
        }
        counts.forEach((key, count) -> {
            if (count.more > 0) {
                over.add(sum(key, count));
            }
        });
        counts.clear();
        passed = 0;
        begun = now;
    }

    private static AuditSink.Event sum(Key key, Count count) {
        return new AuditSink.Event(
                key.operation(),
                count.resourceType,
                "",
                "",
                "",
                "",
                key.client(),
                "",
                false,
                "too many wrong credentials to record each",
                Map.of("more", Long.toString(count.more)));
    }
}
