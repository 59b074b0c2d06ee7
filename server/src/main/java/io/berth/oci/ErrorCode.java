package io.berth.oci;

/**
 * The catalogue of errors: code, HTTP status and sentence. {@code /v2/} uses those of its specification; the other APIs
 * have some of their own.
 *
 * @see <a href="https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes">distribution-spec,
 *     Error Codes</a>
 */
public enum ErrorCode {
    BLOB_UNKNOWN(404, "blob unknown to registry"),
    BLOB_UPLOAD_INVALID(400, "blob upload invalid"),
    BLOB_UPLOAD_UNKNOWN(404, "blob upload unknown to registry"),
    DIGEST_INVALID(400, "provided digest did not match uploaded content or is malformed"),
    MANIFEST_BLOB_UNKNOWN(404, "manifest references a manifest or blob unknown to registry"),
    MANIFEST_INVALID(400, "manifest invalid"),
    MANIFEST_UNKNOWN(404, "manifest unknown to registry"),
    NAME_INVALID(400, "invalid repository name"),
    NAME_UNKNOWN(404, "repository name not known to registry"),
    PAGINATION_NUMBER_INVALID(400, "invalid number of results requested"),
    RANGE_INVALID(416, "requested range not satisfiable"),
    SIZE_INVALID(400, "provided length did not match content length"),
    TAG_INVALID(400, "invalid tag"),
    UNAUTHORIZED(401, "authentication required"),
    DENIED(403, "requested access to the resource is denied"),
    UNSUPPORTED(405, "the operation is unsupported"),
    PRECONDITION_FAILED(412, "a condition of the request does not hold"),
    TOO_LARGE(413, "the content is too large"),
    TOO_MANY_REQUESTS(429, "too many requests"),
    UNAVAILABLE(503, "the registry cannot do this now"),
    STORAGE_FULL(507, "the registry has no space left for uploads"),
    UNKNOWN(500, "internal error"),

    // Of the APIs beside /v2/
    BAD_REQUEST(400, "the request is not valid"),
    FORBIDDEN(403, "forbidden"),
    NOT_FOUND(404, "not found"),
    METHOD_NOT_ALLOWED(405, "the method is not allowed here"),
    CONFLICT(409, "it exists already"),
    PRECONDITION(412, "the state of the resource does not allow it"),
    UNPROCESSABLE_ENTITY(422, "the request has the wrong form"),
    NOT_IMPLEMENTED(501, "this Berth does not have the feature");

    private final int status;
    private final String sentence;

    ErrorCode(int status, String sentence) {
        this.status = status;
        this.sentence = sentence;
    }

    /** The HTTP status that goes with this code unless the thrower says otherwise. */
    public int status() {
        return status;
    }

    /** One English sentence, without a full stop, that a client may print. */
    public String sentence() {
        return sentence;
    }
}
