package io.berth.identity.oidc;

import com.fasterxml.jackson.databind.JsonNode;
import io.berth.identity.jwt.Fetcher;
import io.berth.identity.jwt.IssuerKeys;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** Asks a provider's token endpoint, as the client that Berth is there. Thread-safe. */
final class TokenRequests {
    private final Fetcher fetcher;
    private final String clientId;
    private final Optional<String> secret;

    TokenRequests(Fetcher fetcher, String clientId, Optional<String> secret) {
        this.fetcher = fetcher;
        this.clientId = clientId;
        this.secret = secret;
    }

    /** @param document the provider's discovery document */
    Fetcher.Answer ask(JsonNode document, Map<String, String> parameters) throws IOException {
        Map<String, String> form = new LinkedHashMap<>(parameters);
        Map<String, String> headers = new LinkedHashMap<>();
        JsonNode methods = document.path("token_endpoint_auth_methods_supported");
        boolean basic = !methods.isArray() || contains(methods, "client_secret_basic");
        if (secret.isPresent() && basic) {
            headers.put("Authorization", basic(clientId, secret.get()));
        } else {
            form.put("client_id", clientId);
            secret.ifPresent(value -> form.put("client_secret", value));
        }
        return fetcher.post(IssuerKeys.url(document, "token_endpoint"), form, headers);
    }

    private static boolean contains(JsonNode texts, String wanted) {
        for (JsonNode text : texts) {
            if (text.asText().equals(wanted)) {
                return true;
            }
        }
        return false;
    }

    // https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1
    private static String basic(String id, String secret) {
        String pair =
                URLEncoder.encode(id, StandardCharsets.UTF_8) + ":" + URLEncoder.encode(secret, StandardCharsets.UTF_8);
        return "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.US_ASCII));
    }
}
