package io.berth.audit;

import io.berth.db.Database;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which pulls are recorded, by the project's setting {@code audit_pulls}: {@code all}, {@code none}, or a number N for one
 * in N. Decides from memory; thread-safe.
 */
public final class PullSampling {
    /** The setting's name. */
    public static final String SETTING = "audit_pulls";

    private static final Logger LOG = LoggerFactory.getLogger(PullSampling.class);

    /** One pull in {@code every}; none where that is 0. */
    private record Share(String text, long every, AtomicLong seen) {
        boolean takes() {
            return every > 0 && seen.getAndIncrement() % every == 0;
        }
    }

    private final Database database;
    private volatile Map<String, Share> shares = Map.of();

    public PullSampling(Database database) {
        this.database = database;
        refresh();
    }

    /** Whether this pull, of those of the project, is one to record. */
    boolean takes(String project) {
        Share share = shares.get(project);
        return share == null || share.takes();
    }

    /** How many pulls of a project one recorded pull stands for. */
    long every(String project) {
        Share share = shares.get(project);
        return share == null ? 1 : share.every();
    }

    /** Reads the settings again. */
    public void refresh() {
        Map<String, String> texts = database.read(tx -> tx.dao(AuditDao.class).ofProjects(SETTING));
        var read = new HashMap<String, Share>();
        texts.forEach((project, text) -> {
            Share known = shares.get(project);
            read.put(
                    project,
                    known != null && Objects.equals(known.text(), text)
                            ? known
                            : new Share(text, every(project, text), new AtomicLong()));
        });
        shares = Map.copyOf(read);
    }

    private static long every(String project, String text) {
        switch (text) {
            case "all" -> {
                return 1;
            }
            case "none" -> {
                return 0;
            }
            default -> {
                if (text.matches("[1-9]\\d{0,17}")) {
                    return Long.parseLong(text);
                }
                LOG.warn(
                        "the project '{}' has the setting {}='{}', which is not all, none or a number from 1: all pulls"
                                + " are recorded",
                        project,
                        SETTING,
                        text);
                return 1;
            }
        }
    }
}
