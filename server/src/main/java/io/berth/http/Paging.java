package io.berth.http;

import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Which page of a list is asked for: {@code page} counts from 1, {@code page_size} is 10 unless said otherwise, at most 100,
 * and 0 for as much as is given at once.
 */
public record Paging(long page, int size) {
    private static final int DEFAULT = 10;
    private static final int MAX = 100;
    private static final int AT_ONCE = 1000;

    /** @throws OciException {@code UNPROCESSABLE_ENTITY} or {@code BAD_REQUEST} when it cannot be */
    public static Paging of(ApiCall call) {
        long page = call.queryNumber("page", 1);
        long size = call.queryNumber("page_size", DEFAULT);
        if (size > MAX) {
            throw ApiCall.invalid("page_size in query should be less than or equal to " + MAX);
        }
        if (size < 0 || page < 0 || page > Integer.MAX_VALUE) {
            throw new OciException(ErrorCode.BAD_REQUEST, "page and page_size cannot be negative");
        }
        return new Paging(Math.max(1, page), (int) size);
    }

    /** How many rows to take. */
    public long limit() {
        return size == 0 ? AT_ONCE : size;
    }

    /** How many rows to leave out. */
    public long offset() {
        return (page - 1) * limit();
    }

    /** Answers with a page of {@code total} items, and with links to the pages around it. */
    public void answer(ApiCall call, long total, List<?> items) {
        call.exchange().set("X-Total-Count", Long.toString(total));
        String link = link(call, total);
        if (!link.isEmpty()) {
            call.exchange().set("Link", link);
        }
        call.ok(items);
    }

    private String link(ApiCall call, long total) {
        boolean previous = page > 1 && total > 0;
        boolean next = page * limit() < total;
        return (previous ? "<" + url(call, page - 1) + ">; rel=\"prev\"" : "")
                + (previous && next ? " , " : "")
                + (next ? "<" + url(call, page + 1) + ">; rel=\"next\"" : "");
    }

    private String url(ApiCall call, long target) {
        Map<String, String> query = new TreeMap<>();
        call.exchange().queryNames().forEach(name -> query.put(name, call.query(name)));
        query.put("page", Long.toString(target));
        query.put("page_size", Integer.toString(size));
        StringBuilder url = new StringBuilder(call.exchange().rawPath());
        char separator = '?';
        for (Map.Entry<String, String> parameter : query.entrySet()) {
            url.append(separator).append(parameter.getKey()).append('=').append(safe(parameter.getValue()));
            separator = '&';
        }
        return url.toString();
    }

    // As clients write it, but for what would end the link or the header.
    private static String safe(String value) {
        var safe = new StringBuilder();
        for (char c : value.toCharArray()) {
            if (c <= ' ' || c >= 127 || c == '<' || c == '>' || c == '"' || c == '&' || c == '#' || c == '%') {
                safe.append(java.net.URLEncoder.encode(String.valueOf(c), java.nio.charset.StandardCharsets.UTF_8)
                        .replace("+", "%20"));
            } else {
                safe.append(c);
            }
        }
        return safe.toString();
    }
}
