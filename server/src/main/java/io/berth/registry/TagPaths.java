package io.berth.registry;

import io.berth.access.TagsOfDigest;
import io.berth.db.Database;
import io.berth.db.Tx;
import io.berth.oci.Digest;
import io.berth.oci.RepositoryName;
import io.berth.oci.Tag;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Walks from a digest up to the tags through which it is part of something: to the manifests that name a blob, the indexes
 * that name a manifest, the subject that a referrer is about, and from a tag made of a digest to that digest. Thread-safe.
 */
public final class TagPaths implements TagsOfDigest {
    /** How long a tag that was moved still leads to what it named, so that a running pull can end. */
    private static final Duration RECENT = Duration.ofHours(1);

    /** Bounds a walk through what somebody has pushed to be walked through. */
    private static final int MAX_STEPS = 10_000;

    private final Database database;

    public TagPaths(Database database) {
        this.database = database;
    }

    @Override
    public Set<String> reaching(RepositoryName repository, Digest digest) {
        return database.read(tx -> in(tx).reaching(repository, digest));
    }

    @Override
    public TagsOfDigest in(Tx tx) {
        return new TagsOfDigest() {
            @Override
            public Set<String> reaching(RepositoryName repository, Digest digest) {
                return id(repository)
                        .map(id -> TagPaths.reaching(tx, id, digest))
                        .orElse(Set.of());
            }

            @Override
            public Set<String> naming(RepositoryName repository, Digest digest) {
                return id(repository)
                        .map(id -> Set.copyOf(tx.dao(TagDao.class).tagsOf(id, digest.toString())))
                        .orElse(Set.of());
            }

            private Optional<Long> id(RepositoryName repository) {
                return tx.dao(RepositoryDao.class).find(repository.value()).map(RepositoryDao.Repository::id);
            }
        };
    }

    private static Set<String> reaching(Tx tx, long repository, Digest from) {
        Set<String> tags = new HashSet<>();
        reaches(tx, repository, from, tag -> {
            tags.add(tag);
            return false;
        });
        return tags;
    }

    /** Whether the walk comes to a tag that is {@code wanted}, at which it ends. */
    static boolean reaches(Tx tx, long repository, Digest from, Predicate<String> wanted) {
        TagPathDao dao = tx.dao(TagPathDao.class);
        long recent = tx.nowMillis() - RECENT.toMillis();
        Set<String> seen = new HashSet<>(Set.of(from.toString()));
        var next = new ArrayDeque<>(seen);
        while (!next.isEmpty() && seen.size() < MAX_STEPS) {
            String digest = next.poll();
            List<String> found = dao.tags(repository, digest, recent);
            if (found.stream().anyMatch(wanted)) {
                return true;
            }
            for (String tag : found) {
                new Tag(tag).subject().map(Digest::toString).filter(seen::add).ifPresent(next::add);
            }
            dao.parents(repository, digest, MAX_STEPS).stream()
                    .filter(seen::add)
                    .forEach(next::add);
        }
        return false;
    }

    @Override
    public Set<String> naming(RepositoryName repository, Digest digest) {
        return database.read(tx -> in(tx).naming(repository, digest));
    }
}
