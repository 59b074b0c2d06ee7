package io.berth.http;

import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Finds what answers a request of a JSON API by its method and path. Templates are paths with parameters, {@code
 * /projects/{project}}. A literal segment goes before a parameter; empty segments do not count. Segments are matched as the
 * client wrote them and decoded afterwards, so that a parameter may hold an encoded slash.
 *
 * <p>Routes are added first; then it is thread-safe.
 */
public final class Router {
    /** Answers one operation. */
    @FunctionalInterface
    public interface Handler {
        void answer(ApiCall call) throws Exception;
    }

    private static final class Node {
        private final Map<String, Node> literals = new LinkedHashMap<>();
        private final Map<String, Handler> handlers = new TreeMap<>();
        private Map<String, List<String>> parameters = new LinkedHashMap<>();
        private Node parameter;
    }

    private final Node root = new Node();

    public Router get(String template, Handler handler) {
        return add("GET", template, handler);
    }

    public Router post(String template, Handler handler) {
        return add("POST", template, handler);
    }

    public Router put(String template, Handler handler) {
        return add("PUT", template, handler);
    }

    public Router delete(String template, Handler handler) {
        return add("DELETE", template, handler);
    }

    public Router add(String method, String template, Handler handler) {
        Node node = root;
        var names = new ArrayList<String>();
        for (String segment : segments(template)) {
            if (segment.startsWith("{")) {
                names.add(segment.substring(1, segment.length() - 1));
                if (node.parameter == null) {
                    node.parameter = new Node();
                }
                node = node.parameter;
            } else {
                node = node.literals.computeIfAbsent(segment, unused -> new Node());
            }
        }
        if (node.handlers.putIfAbsent(method, handler) != null) {
            throw new IllegalStateException("two handlers for " + method + " " + template);
        }
        node.parameters.put(method, List.copyOf(names));
        return this;
    }

    /**
     * Answers, or throws.
     *
     * @throws OciException {@code NOT_FOUND} for an unknown path, {@code METHOD_NOT_ALLOWED}
     */
    public void answer(Exchange exchange, Principal principal) throws Exception {
        var values = new ArrayList<String>();
        Node node = find(root, segments(exchange.rawPath()), 0, values);
        if (node == null) {
            throw new OciException(ErrorCode.NOT_FOUND, "path " + exchange.rawPath() + " was not found");
        }
        String method = exchange.method().name();
        Handler handler = node.handlers.get(method);
        if (handler == null) {
            String allowed = String.join(",", node.handlers.keySet());
            throw new OciException(
                            ErrorCode.METHOD_NOT_ALLOWED,
                            "method " + method + " is not allowed, but [" + allowed + "] are")
                    .header("Allow", allowed.replace(",", ", "));
        }
        var named = new LinkedHashMap<String, String>();
        List<String> names = node.parameters.get(method);
        for (int i = 0; i < names.size(); i++) {
            named.put(names.get(i), decode(values.get(i)));
        }
        handler.answer(new ApiCall(exchange, principal, named));
    }

    private static Node find(Node node, List<String> segments, int at, List<String> values) {
        if (at == segments.size()) {
            return node.handlers.isEmpty() ? null : node;
        }
        Node literal = node.literals.get(segments.get(at));
        Node found = literal == null ? null : find(literal, segments, at + 1, values);
        if (found == null && node.parameter != null) {
            values.add(segments.get(at));
            found = find(node.parameter, segments, at + 1, values);
            if (found == null) {
                values.removeLast();
            }
        }
        return found;
    }

    private static List<String> segments(String path) {
        var segments = new ArrayList<String>();
        for (String segment : path.split("/")) {
            if (!segment.isEmpty()) {
                segments.add(segment);
            }
        }
        return segments;
    }

    private static String decode(String segment) {
        try {
            return URLDecoder.decode(segment.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw new OciException(ErrorCode.BAD_REQUEST, "the path has a malformed escape");
        }
    }
}
