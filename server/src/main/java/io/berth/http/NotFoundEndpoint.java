package io.berth.http;

import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;

/** Answers what nobody answers. */
final class NotFoundEndpoint implements Endpoint {
    static final NotFoundEndpoint INSTANCE = new NotFoundEndpoint();

    private NotFoundEndpoint() {}

    @Override
    public void answer(Exchange exchange) {
        throw new OciException(ErrorCode.UNSUPPORTED, 404, "there is nothing here; the registry is under /v2/");
    }
}
