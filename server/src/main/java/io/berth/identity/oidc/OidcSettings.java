package io.berth.identity.oidc;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import io.berth.identity.SettingsReader;
import io.berth.identity.jwt.Fetcher;
import io.berth.identity.jwt.SignedTokens;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.net.URI;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * How an identity provider is reached, and what its claims mean.
 *
 * @param title what people see on the login page
 * @param userClaim which claim is the name here
 * @param groupFilter what a group's name has to have in it to be told; all are when it is empty
 * @param autoOnboard whether whoever it verifies gets an account
 * @param extra further parameters of the redirect
 * @param cliSecretLife how long a CLI secret is good for; empty for ever
 */
record OidcSettings(
        URI issuer,
        String title,
        String clientId,
        Set<String> scopes,
        String userClaim,
        Optional<String> groupsClaim,
        Optional<Pattern> groupFilter,
        Optional<String> adminGroup,
        boolean autoOnboard,
        Map<String, String> extra,
        Set<String> algorithms,
        boolean verify,
        Optional<String> ca,
        Optional<Duration> cliSecretLife) {
    // Parameters that are the flow's own: whoever could set them would take it apart.
    private static final Set<String> OWN = Set.of(
            "response_type",
            "response_mode",
            "client_id",
            "redirect_uri",
            "scope",
            "state",
            "nonce",
            "code_challenge",
            "code_challenge_method",
            "request",
            "request_uri");

    /** @throws OciException {@code BAD_REQUEST} for what cannot be */
    static OidcSettings parse(String name, JsonNode json) {
        var settings = new SettingsReader(json);
        List<String> scopes = settings.texts("scopes");
        List<String> algorithms = settings.texts("algorithms");
        int days = settings.number("cli-secret-days", 90, 0, 36_500);
        var parsed = new OidcSettings(
                settings.url("issuer").orElseThrow(() -> wrong("the setting 'issuer' is missing")),
                settings.text("title", name),
                settings.text("client-id"),
                scopes.isEmpty() ? Set.of("openid", "profile", "email") : Set.copyOf(scopes),
                settings.text("user-claim", "preferred_username"),
                settings.optional("groups-claim"),
                settings.optional("group-filter").map(OidcSettings::pattern),
                settings.optional("admin-group"),
                settings.flag("auto-onboard", true),
                extra(settings.object("extra-parameters")),
                Set.copyOf(algorithms.isEmpty() ? SignedTokens.algorithms() : algorithms),
                settings.flag("verify", true),
                settings.optional("ca"),
                days == 0 ? Optional.empty() : Optional.of(Duration.ofDays(days)));
        settings.requireNoOther();
        parsed.requireSense();
        return parsed;
    }

    private void requireSense() {
        if (!scopes.contains("openid")) {
            throw wrong("the scopes include openid");
        }
        if (!SignedTokens.algorithms().containsAll(algorithms)) {
            throw wrong("algorithms are of " + String.join(", ", SignedTokens.algorithms()));
        }
        if (adminGroup.isPresent() && groupsClaim.isEmpty()) {
            throw wrong("admin-group needs groups-claim");
        }
        if (issuer.getQuery() != null || issuer.getFragment() != null) {
            throw wrong("the issuer is a URL without query and fragment");
        }
        try (var fetcher = new Fetcher(ca, verify)) {
            // only whether its certificates can be read
        } catch (IllegalArgumentException e) {
            throw wrong("the setting 'ca' holds no certificates in PEM");
        }
    }

    private static Pattern pattern(String text) {
        try {
            return Pattern.compile(text);
        } catch (PatternSyntaxException e) {
            throw wrong("the setting 'group-filter' is not a regular expression of RE2: " + e.getDescription());
        }
    }

    private static Map<String, String> extra(JsonNode json) {
        var extra = new LinkedHashMap<String, String>();
        json.properties().forEach(parameter -> {
            if (OWN.contains(parameter.getKey()) || !parameter.getValue().isTextual()) {
                throw wrong("the extra parameter '" + parameter.getKey() + "' cannot be set");
            }
            extra.put(parameter.getKey(), parameter.getValue().textValue());
        });
        return extra;
    }

    private static OciException wrong(String message) {
        return new OciException(ErrorCode.BAD_REQUEST, message);
    }
}
