package io.berth.http;

import io.berth.oci.Json;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * {@code /livez}: the process runs. {@code /readyz} and {@code /healthz}: it can serve, each check by name. They need no
 * credential and tell no secret.
 */
public final class HealthEndpoint implements Endpoint {
    private final Map<String, Supplier<String>> checks;

    /** @param checks by name: what is wrong, or null when nothing is */
    public HealthEndpoint(Map<String, Supplier<String>> checks) {
        this.checks = new LinkedHashMap<>(checks);
    }

    @Override
    public void answer(Exchange exchange) throws Exception {
        exchange.operation("health");
        exchange.set("Cache-Control", "no-store");
        var problems = new LinkedHashMap<String, String>();
        if (!"/livez".equals(exchange.path())) {
            checks.forEach((name, check) -> {
                String problem = check.get();
                problems.put(name, problem == null ? "ok" : problem);
            });
        }
        boolean ok = problems.values().stream().allMatch("ok"::equals);
        var body = Map.of("status", ok ? "ok" : "failing", "checks", problems);
        exchange.answer(ok ? 200 : 503, "application/json", Json.MAPPER.writeValueAsBytes(body));
    }
}
