import java.io.IOException;
import java.net.URI;
import java.util.Map;

/** An HTTP answer, its header names in lower case and the first 300 characters of its body. */
record Answer(String request, int status, Map<String, String> headers, String body) {
    Answer expect(int wanted) throws IOException {
        if (status != wanted) {
            throw new IOException(request + " answered " + status + " instead of " + wanted + " "
                    + body.substring(0, Math.min(300, body.length())));
        }
        return this;
    }

    /** The upload's address without scheme and host. */
    String location() {
        var uri = URI.create(headers.get("location"));
        return uri.getRawQuery() == null ? uri.getRawPath() : uri.getRawPath() + "?" + uri.getRawQuery();
    }
}
