package io.berth.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.berth.oci.ErrorCode;
import io.berth.oci.Json;
import io.berth.oci.OciException;
import java.io.IOException;
import java.util.Locale;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one place where an exception becomes an answer: the body that the OCI specification asks for, and never a stack
 * trace.
 *
 * @see <a href="https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes">distribution-spec,
 *     Error Codes</a>
 */
public final class Errors {
    private static final Logger LOG = LoggerFactory.getLogger(Errors.class);

    private static final int FORBIDDEN = 403;

    private final Function<Throwable, OciException> translator;
    private final AuditSink audit;

    /**
     * @param translator says what an exception of a lower layer means to a client, or null when it does not know
     * @param audit hears of all that becomes a 403
     */
    public Errors(Function<Throwable, OciException> translator, AuditSink audit) {
        this.translator = translator;
        this.audit = audit;
    }

    /** Answers with {@code failure}, or cuts the answer off when it has begun. */
    void answer(Exchange exchange, Throwable failure) {
        if (exchange.isAnswered()) {
            LOG.debug("{} cut off: {}", exchange.requestId(), failure.toString());
            exchange.reset();
            return;
        }
        OciException error = toError(exchange, failure);
        if (error.status() == FORBIDDEN) {
            audit.record(event(exchange, error));
        }
        try {
            exchange.describeNothing();
            error.headers().forEach(exchange::set);
            exchange.answer(error.status(), "application/json", body(error));
        } catch (IllegalStateException e) {
            LOG.debug("{} could not be answered: {}", exchange.requestId(), e.toString());
        }
    }

    private static AuditSink.Event event(Exchange exchange, OciException error) {
        return error instanceof Denied denied
                ? denied.event(exchange)
                : AuditSink.Event.refusal(
                        exchange,
                        exchange.method().name().toLowerCase(Locale.ROOT),
                        "request",
                        exchange.rawPath(),
                        "",
                        error.getMessage());
    }

    private OciException toError(Exchange exchange, Throwable failure) {
        if (failure instanceof OciException oci) {
            return oci;
        }
        OciException translated = translator.apply(failure);
        if (translated != null) {
            LOG.warn("{} {} {}: {}", exchange.requestId(), exchange.method(), exchange.rawPath(), failure.toString());
            return translated;
        }
        if (failure instanceof IOException) {
            // The client's connection, in nearly every case; it will not see this answer.
            LOG.debug("{} failed: {}", exchange.requestId(), failure.toString());
            return new OciException(ErrorCode.UNKNOWN, 400, "the request was cut off");
        }
        LOG.error("{} {} {} failed", exchange.requestId(), exchange.method(), exchange.rawPath(), failure);
        return new OciException(
                ErrorCode.UNKNOWN, "internal error; the server's log has more under " + exchange.requestId());
    }

    /** The JSON of an error. */
    public static byte[] body(OciException error) {
        ObjectNode root = Json.MAPPER.createObjectNode();
        ObjectNode entry = root.putArray("errors").addObject();
        entry.put("code", error.code().name());
        entry.put("message", error.getMessage());
        if (!error.detail().isEmpty()) {
            entry.set("detail", Json.MAPPER.valueToTree(error.detail()));
        }
        try {
            return Json.MAPPER.writeValueAsBytes(root);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
