package io.berth.registry;

import io.berth.db.Database;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import io.berth.oci.RepositoryName;

/** Lists tags and repositories by pages, in the order of their bytes. Thread-safe. */
final class ListNames {
    /** The cache's name for the list of repositories. */
    static final String ALL_REPOSITORIES = "";

    private final Database database;
    private final RegistryCache cache;

    ListNames(Database database, RegistryCache cache) {
        this.database = database;
        this.cache = cache;
    }

    /**
     * A page.
     *
     * @param names in quotes, joined by commas; empty when there are none
     * @param last the last of them, null when there are none
     * @param more whether others follow
     */
    record Page(String names, String last, boolean more) {}

    /** @throws OciException {@code NAME_UNKNOWN} when there is no such repository */
    Page tags(RepositoryName repository, String after, int limit) {
        var key = new RegistryCache.PageKey(repository.value(), after, limit);
        return page(
                cache.page(
                        key,
                        () -> database.read(tx -> {
                            long id = tx.dao(RepositoryDao.class)
                                    .find(repository.value())
                                    .orElseThrow(() -> new OciException(
                                            ErrorCode.NAME_UNKNOWN, "repository name not known to registry"))
                                    .id();
                            return tx.dao(TagDao.class).page(id, after, limit + 1);
                        })),
                limit);
    }

    /** Repositories that hold or have held a manifest. */
    Page repositories(String after, int limit) {
        var key = new RegistryCache.PageKey(ALL_REPOSITORIES, after, limit);
        return page(
                cache.page(
                        key,
                        () -> database.read(tx -> tx.dao(RepositoryDao.class).page(after, limit + 1))),
                limit);
    }

    // One name more than wanted was read, to know whether there is one. Names have neither quotes nor commas.
    private static Page page(RepositoryDao.NamePage page, int limit) {
        String names = page.names() == null || limit == 0 ? "" : page.names();
        boolean more = page.count() > limit && limit > 0;
        if (more) {
            names = names.substring(0, names.lastIndexOf(','));
        }
        String last = names.isEmpty() ? null : names.substring(names.lastIndexOf(',') + 2, names.length() - 1);
        return new Page(names, last, more);
    }
}
