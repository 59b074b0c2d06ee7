package io.berth.project;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.berth.db.Database;
import io.berth.db.Tx;
import io.berth.oci.Digest;
import io.berth.oci.OciException;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/**
 * Refuses what a project has no room for before it is sent. It never refuses what the transaction at the end would take,
 * which decides again: see {@link Bill}. That a project has no quota is remembered, so that pushes to it ask nothing.
 *
 * <p>Thread-safe.
 */
final class Quotas {
    private final Database database;
    private final Supplier<Long> ofNewProjects;
    private final AtomicLong version = new AtomicLong();

    // Names to the version that they were read under
    private final Cache<String, Long> unlimited =
            Caffeine.newBuilder().maximumSize(100_000).build();

    /** @param ofNewProjects the quota in bytes of a project that a push makes, null for none */
    Quotas(Database database, Supplier<Long> ofNewProjects) {
        this.database = database;
        this.ofNewProjects = ofNewProjects;
    }

    /** A project gets another quota or is deleted: nothing that is remembered counts after the commit. */
    void changed(Tx tx) {
        tx.afterCommit(version::incrementAndGet);
    }

    /**
     * @param digest of what is coming, which is free when the project holds it; null when it is not known yet
     * @param size the bytes that it has at least
     * @throws OciException {@code DENIED} naming used, limit and needed
     */
    void require(String project, Digest digest, long size) {
        if (size <= 0) {
            return;
        }
        long now = version.get();
        Long known = unlimited.getIfPresent(project);
        if (known == null || known != now) {
            Optional<Project> found = database.read(tx -> {
                ProjectDao dao = tx.dao(ProjectDao.class);
                Optional<Project> limited = dao.project(project);
                limited.ifPresent(is -> requireRoom(dao, is, digest, size));
                return limited;
            });
            if (found.isEmpty()) {
                requireRoom(0, ofNewProjects.get(), size);
            } else if (found.get().quotaBytes() == null) {
                unlimited.put(project, now);
            }
        }
    }

    private static void requireRoom(ProjectDao dao, Project project, Digest digest, long size) {
        if (hasRoom(project.usedBytes(), project.quotaBytes(), size)) {
            return;
        }
        // Of what has no name yet one thing is known: it is none of those that are smaller.
        boolean mayBeFree = digest == null
                ? dao.holdsAsLarge(project.id(), size).isPresent()
                : dao.holds(project.id(), digest.toString()).isPresent();
        if (!mayBeFree) {
            throw Bill.exceeded(project.usedBytes(), project.quotaBytes(), size);
        }
    }

    private static void requireRoom(long used, Long limit, long size) {
        if (!hasRoom(used, limit, size)) {
            throw Bill.exceeded(used, limit, size);
        }
    }

    private static boolean hasRoom(long used, Long limit, long size) {
        return limit == null || size <= limit - used;
    }
}
