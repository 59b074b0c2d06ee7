package io.berth.registry;

import io.berth.access.TagFilter;
import io.berth.access.VisibleRepositories;
import io.berth.db.Database;
import io.berth.http.Principal;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import io.berth.oci.RepositoryName;
import java.util.ArrayList;
import java.util.List;

/** Lists tags and repositories by pages, in the order of their bytes. Thread-safe. */
final class ListNames {
    /** The cache's name for the list of repositories. */
    static final String ALL_REPOSITORIES = "";

    private static final int FILTERED_AT_ONCE = 1000;

    private final Database database;
    private final RegistryCache cache;
    private final VisibleRepositories visible;

    ListNames(Database database, RegistryCache cache, VisibleRepositories visible) {
        this.database = database;
        this.visible = visible;
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

    /** Those of the tags that {@code filter} lets through. */
    Page tags(RepositoryName repository, String after, int limit, TagFilter filter) {
        if (filter.all() || limit == 0) {
            return tags(repository, after, limit);
        }
        List<String> names = new ArrayList<>();
        Page page = new Page("", after, true);
        while (page.more() && names.size() <= limit) {
            page = tags(repository, page.last(), FILTERED_AT_ONCE);
            for (String quoted :
                    page.names().isEmpty() ? new String[0] : page.names().split(",")) {
                if (filter.contains(quoted.substring(1, quoted.length() - 1))) {
                    names.add(quoted);
                }
            }
        }
        return page(names, limit);
    }

    /** Repositories that hold or have held a manifest, and that {@code principal} may see. */
    Page visibleRepositories(Principal principal, String after, int limit) {
        List<String> names = limit == 0
                ? List.of()
                : visible.page(principal, after, limit + 1).stream()
                        .map(name -> '"' + name + '"')
                        .toList();
        return page(names, limit);
    }

    private static Page page(List<String> names, int limit) {
        boolean more = names.size() > limit;
        List<String> shown = more ? names.subList(0, limit) : names;
        String last = shown.isEmpty()
                ? null
                : shown.getLast().substring(1, shown.getLast().length() - 1);
        return new Page(String.join(",", shown), last, more);
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
