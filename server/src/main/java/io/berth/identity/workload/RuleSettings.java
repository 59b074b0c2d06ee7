package io.berth.identity.workload;

import com.fasterxml.jackson.databind.JsonNode;
import com.nimbusds.jwt.JWTClaimsSet;
import io.berth.identity.SettingsReader;
import io.berth.identity.jwt.Fetcher;
import io.berth.identity.jwt.SignedTokens;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Which tokens of an issuer a rule means.
 *
 * @param audience of which a token names one
 * @param claims each of which a token has, with one of the values
 * @param denied none of which a token has with one of the values
 * @param maxLifetime how long a token lives at most, by its own word
 * @param jwks where the issuer's keys are, where its discovery document is not to say
 * @param ca PEM certificates to trust when asking the issuer
 */
record RuleSettings(
        Set<String> audience,
        Map<String, Set<String>> claims,
        Map<String, Set<String>> denied,
        Set<String> algorithms,
        Duration maxLifetime,
        Optional<URI> jwks,
        Optional<String> ca) {
    // What says whose job it is. A rule that names none of them would take everybody's on a shared CI.
    private static final Set<String> IDENTIFYING =
            Set.of("sub", "project_path", "project_id", "repository", "repository_id");

    // Of these a fork's or a merge request's author decides what runs.
    private static final Map<String, Set<String>> FOREIGN = Map.of(
            "event_name", Set.of("pull_request", "pull_request_target"),
            "pipeline_source", Set.of("merge_request_event", "external_pull_request_event"),
            "fork", Set.of("true"));

    /** @throws OciException {@code BAD_REQUEST} for what cannot be */
    static RuleSettings parse(JsonNode json) {
        var settings = new SettingsReader(json);
        List<String> algorithms = settings.texts("algorithms");
        var parsed = new RuleSettings(
                Set.copyOf(settings.texts("audience")),
                claims(settings.object("claims")),
                claims(settings.object("denied-claims")),
                Set.copyOf(algorithms.isEmpty() ? SignedTokens.algorithms() : algorithms),
                Duration.ofSeconds(settings.number("max-lifetime-seconds", 7200, 60, 86_400)),
                settings.url("jwks-url"),
                settings.optional("ca"));
        settings.requireNoOther();
        parsed.requireSense();
        return parsed;
    }

    private void requireSense() {
        if (audience.isEmpty() || audience.contains("")) {
            throw wrong("a rule names the audience: what the job asks its token for, such as this registry's URL");
        }
        if (claims.keySet().stream().noneMatch(IDENTIFYING::contains)) {
            throw wrong("a rule names whose jobs it means by an exact value of "
                    + String.join(", ", IDENTIFYING.stream().sorted().toList()));
        }
        if (!SignedTokens.algorithms().containsAll(algorithms)) {
            throw wrong("algorithms are of " + String.join(", ", SignedTokens.algorithms()));
        }
        jwks.ifPresent(url -> requireSafe(url, "jwks-url"));
        try (var fetcher = new Fetcher(ca, true)) {
            // only whether its certificates can be read
        } catch (IllegalArgumentException e) {
            throw wrong("the setting 'ca' holds no certificates in PEM");
        }
    }

    /** Keys that came over an open network prove nothing. */
    static void requireSafe(URI url, String what) {
        boolean safe = "https".equals(url.getScheme());
        if (!safe && "http".equals(url.getScheme()) && url.getHost() != null) {
            try {
                safe = url.getHost().matches("localhost|[0-9.]+|\\[[0-9a-fA-F:]+]")
                        && InetAddress.getByName(url.getHost()).isLoopbackAddress();
            } catch (UnknownHostException e) {
                safe = false;
            }
        }
        if (!safe) {
            throw wrong(what + " is an https URL (http for this machine alone)");
        }
    }

    private static Map<String, Set<String>> claims(JsonNode json) {
        var claims = new LinkedHashMap<String, Set<String>>();
        json.properties().forEach(claim -> {
            JsonNode value = claim.getValue();
            var values = new java.util.LinkedHashSet<String>();
            if (value.isArray()) {
                value.forEach(one -> values.add(exact(claim.getKey(), one)));
            } else {
                values.add(exact(claim.getKey(), value));
            }
            if (values.isEmpty()) {
                throw wrong("the claim '" + claim.getKey() + "' has no values");
            }
            claims.put(claim.getKey(), Set.copyOf(values));
        });
        return claims;
    }

    private static String exact(String claim, JsonNode value) {
        if (!value.isValueNode() || value.isNull() || value.asText().isEmpty()) {
            throw wrong("the values of the claim '" + claim + "' are texts");
        }
        if (value.asText().contains("*")) {
            throw wrong("the values of the claim '" + claim + "' are exact: * stands for itself and is refused here");
        }
        return value.asText();
    }

    private static OciException wrong(String message) {
        return new OciException(ErrorCode.BAD_REQUEST, message);
    }

    /** Whether it means a token with these claims. Times are not looked at. */
    boolean means(JWTClaimsSet token) {
        return token.getAudience().stream().anyMatch(audience::contains)
                && claims.entrySet().stream().allMatch(claim -> has(token, claim.getKey(), claim.getValue()))
                && denied.entrySet().stream().noneMatch(claim -> has(token, claim.getKey(), claim.getValue()))
                && !isForeign(token);
    }

    // What is foreign counts only where the rule names it as such.
    private boolean isForeign(JWTClaimsSet token) {
        var foreign = FOREIGN.keySet().stream()
                .filter(claim -> has(token, claim, FOREIGN.get(claim)))
                .toList();
        return foreign.isEmpty()
                ? startsWith(token, "ref", "refs/pull/") || startsWith(token, "ref_path", "refs/merge-requests/")
                : !claims.keySet().containsAll(foreign);
    }

    private static boolean startsWith(JWTClaimsSet token, String claim, String prefix) {
        return token.getClaim(claim) instanceof String text && text.startsWith(prefix);
    }

    private static boolean has(JWTClaimsSet token, String claim, Set<String> values) {
        Object value = token.getClaim(claim);
        return switch (value) {
            case String text -> values.contains(text);
            case Boolean flag -> values.contains(flag.toString());
            case Long number -> values.contains(number.toString());
            case Integer number -> values.contains(number.toString());
            case null, default -> false;
        };
    }
}
