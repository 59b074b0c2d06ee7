package io.berth.registry;

import io.berth.access.TagFilter;
import io.berth.http.Exchange;
import io.berth.http.Principal;
import io.berth.oci.Digest;
import io.berth.oci.ErrorCode;
import io.berth.oci.MediaType;
import io.berth.oci.OciException;
import io.berth.oci.RepositoryName;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;

/** HTTP of {@code tags/list}, {@code _catalog} and {@code referrers/}. */
final class ListRoutes {
    private static final String JSON = "application/json";
    private static final int PAGE = 10_000;
    private static final int CATALOG_PAGE = 1_000;
    private static final int MAX_LAST = 512;

    private final Access access;
    private final ListNames listNames;
    private final ListReferrers listReferrers;

    ListRoutes(Access access, ListNames listNames, ListReferrers listReferrers) {
        this.access = access;
        this.listNames = listNames;
        this.listReferrers = listReferrers;
    }

    void tags(Exchange exchange, RepositoryName name, Principal principal) throws IOException {
        exchange.operation("tags-list");
        requireRead(exchange);
        TagFilter filter = access.requireTags(exchange, principal, name);
        exchange.set(ManifestRoutes.CACHE_CONTROL, access.cacheUntilChanged(exchange, name));
        int wanted = number(exchange);
        String last = last(exchange);
        int limit = wanted < 0 ? PAGE : Math.min(wanted, PAGE);
        ListNames.Page first = listNames.tags(name, last, limit, filter);
        String head = "{\"name\":\"" + name + "\",\"tags\":[";
        if (wanted < 0 && first.more()) {
            everything(exchange, head, first, after -> listNames.tags(name, after, limit, filter));
            return;
        }
        if (first.more()) {
            link(exchange, "/v2/" + name + "/tags/list?n=" + wanted + "&last=" + first.last());
        }
        answer(exchange, head, first);
    }

    void catalog(Exchange exchange, Principal principal) {
        exchange.operation("catalog");
        requireRead(exchange);
        boolean all = access.requireCatalog(exchange, principal);
        int wanted = number(exchange);
        int limit = wanted < 0 ? CATALOG_PAGE : Math.min(wanted, PAGE);
        ListNames.Page page = all
                ? listNames.repositories(last(exchange), limit)
                : listNames.visibleRepositories(principal, last(exchange), limit);
        if (!all && principal.isAnonymous() && page.names().isEmpty()) {
            throw access.challengeForCatalog(exchange);
        }
        if (page.more()) {
            link(
                    exchange,
                    "/v2/_catalog?n=" + limit + "&last=" + URLEncoder.encode(page.last(), StandardCharsets.UTF_8));
        }
        exchange.set(ManifestRoutes.CACHE_CONTROL, access.cacheOfCatalog(exchange, principal));
        answer(exchange, "{\"repositories\":[", page);
    }

    void referrers(Exchange exchange, RepositoryName name, Digest subject, Principal principal) throws IOException {
        exchange.operation("referrers");
        requireRead(exchange);
        boolean shown = access.requireReferrers(exchange, principal, name, subject);
        exchange.set(ManifestRoutes.CACHE_CONTROL, access.cacheUntilChanged(exchange, name));
        String type = exchange.query("artifactType");
        int wanted = Math.max(0, number(exchange));
        ListReferrers.Page page = shown
                ? listReferrers.list(name, subject, type == null ? "" : type, last(exchange), wanted)
                : ListReferrers.NOTHING;
        if (type != null && !type.isEmpty()) {
            exchange.set("OCI-Filters-Applied", "artifactType");
        }
        page.last().ifPresent(last -> {
            var next = new StringBuilder("/v2/" + name + "/referrers/" + subject + "?last=" + encode(last));
            if (type != null && !type.isEmpty()) {
                next.append("&artifactType=").append(encode(type));
            }
            if (wanted > 0) {
                next.append("&n=").append(wanted);
            }
            link(exchange, next.toString());
        });
        if (page.index().length > 64 << 10) {
            exchange.sender().bytes(200, MediaType.OCI_INDEX, page.index());
        } else {
            exchange.answer(200, MediaType.OCI_INDEX, page.index());
        }
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    private interface NextPage {
        ListNames.Page after(String last);
    }

    // Without a number the client gets everything, page by page out of the database and into the socket.
    private static void everything(Exchange exchange, String head, ListNames.Page first, NextPage next)
            throws IOException {
        var page = new ListNames.Page[] {first};
        var state = new int[1];
        exchange.sender().stream(200, JSON, () -> {
            switch (state[0]) {
                case 0 -> {
                    state[0] = 1;
                    return head + page[0].names();
                }
                case 1 -> {
                    if (!page[0].more()) {
                        state[0] = 2;
                        return "]}";
                    }
                    page[0] = next.after(page[0].last());
                    return page[0].names().isEmpty() ? "" : "," + page[0].names();
                }
                default -> {
                    return null;
                }
            }
        });
    }

    private static void answer(Exchange exchange, String head, ListNames.Page page) {
        exchange.answer(200, JSON, (head + page.names() + "]}").getBytes(StandardCharsets.UTF_8));
    }

    private static void link(Exchange exchange, String target) {
        exchange.set("Link", "<" + target + ">; rel=\"next\"");
    }

    /** The parameter {@code n}, or -1 without one. */
    private static int number(Exchange exchange) {
        String text = exchange.query("n");
        if (text == null) {
            return -1;
        }
        boolean digits = !text.isEmpty() && text.length() <= 18 && text.chars().allMatch(c -> c >= '0' && c <= '9');
        if (!digits) {
            throw new OciException(ErrorCode.PAGINATION_NUMBER_INVALID, "the parameter 'n' is a number from 0 on");
        }
        return (int) Math.min(Integer.MAX_VALUE, Long.parseLong(text));
    }

    private static String last(Exchange exchange) {
        String last = exchange.query("last");
        if (last == null) {
            return "";
        }
        if (last.length() > MAX_LAST) {
            throw new OciException(ErrorCode.PAGINATION_NUMBER_INVALID, "the parameter 'last' is too long");
        }
        return last;
    }

    private static void requireRead(Exchange exchange) {
        if (!exchange.isRead()) {
            throw new OciException(ErrorCode.UNSUPPORTED, "the method is not allowed here")
                    .header("Allow", "GET, HEAD");
        }
    }
}
