package io.berth.oci;

import static java.util.Objects.requireNonNull;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A request that cannot be served, with what the client is to be told. The one mapper in {@code http} turns it into an
 * answer; it carries no stack trace, since it describes the request and not a fault of the server.
 */
public class OciException extends RuntimeException {
    private final ErrorCode code;
    private final int status;
    private final Map<String, String> headers = new LinkedHashMap<>();
    private final Map<String, Object> detail = new LinkedHashMap<>();

    public OciException(ErrorCode code, String message) {
        this(code, code.status(), message);
    }

    /** The same with another status than the catalogue's, where the specification asks for one. */
    public OciException(ErrorCode code, int status, String message) {
        super(requireNonNull(message, "message is null"), null, false, false);
        this.code = requireNonNull(code, "code is null");
        this.status = status;
    }

    /** Adds a header to the answer; returns this. */
    public OciException header(String name, String value) {
        headers.put(name, value);
        return this;
    }

    /** Adds a member to the error's {@code detail} object; returns this. */
    public OciException detail(String name, Object value) {
        detail.put(name, value);
        return this;
    }

    public ErrorCode code() {
        return code;
    }

    public int status() {
        return status;
    }

    public Map<String, String> headers() {
        return headers;
    }

    public Map<String, Object> detail() {
        return detail;
    }
}
