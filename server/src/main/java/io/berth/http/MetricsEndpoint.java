package io.berth.http;

import io.berth.oci.ErrorCode;
import java.nio.charset.StandardCharsets;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** {@code /metrics} in Prometheus' text format. */
public final class MetricsEndpoint implements Endpoint {
    private final Supplier<String> scrape;
    private final Authentication authentication;
    private final Predicate<Principal> mayRead;

    /** @param mayRead who may; asked of everybody, also of the anonymous */
    public MetricsEndpoint(Supplier<String> scrape, Authentication authentication, Predicate<Principal> mayRead) {
        this.scrape = scrape;
        this.authentication = authentication;
        this.mayRead = mayRead;
    }

    @Override
    public void answer(Exchange exchange) {
        exchange.operation("metrics");
        Principal principal = authentication.require(exchange);
        if (!mayRead.test(principal)) {
            throw principal.isAnonymous()
                    ? authentication.challenge(exchange, "", "reading metrics needs a credential")
                    : new Denied(
                            ErrorCode.DENIED,
                            "reading metrics needs a credential with metrics:read",
                            "read",
                            "metrics",
                            "",
                            "",
                            "no rule allows it");
        }
        exchange.answer(
                200, "text/plain; version=0.0.4; charset=utf-8", scrape.get().getBytes(StandardCharsets.UTF_8));
    }
}
