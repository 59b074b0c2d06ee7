package io.berth.identity.oidc;

import com.fasterxml.jackson.databind.JsonNode;
import io.berth.identity.SourceKind;
import java.time.Clock;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/** Identity providers. Their secret {@code client-secret} is what Berth shows them; a public client has none. */
public final class OidcKind implements SourceKind {
    /** As settings call it. */
    public static final String NAME = "OIDC";

    private final Clock clock;

    public OidcKind(Clock clock) {
        this.clock = clock;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public boolean takesPasswords() {
        return false;
    }

    @Override
    public Set<String> secrets() {
        return Set.of("client-secret");
    }

    @Override
    public void check(JsonNode settings) {
        OidcSettings.parse("", settings);
    }

    @Override
    public String anchor(JsonNode settings) {
        return OidcSettings.parse("", settings).issuer().toString();
    }

    @Override
    public OidcProvider open(String name, JsonNode settings, Function<String, Optional<String>> secret) {
        return new OidcProvider(name, OidcSettings.parse(name, settings), secret.apply("client-secret"), clock);
    }
}
