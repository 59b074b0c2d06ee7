package io.berth.identity.workload;

import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import io.berth.identity.AccessVersion;
import io.berth.identity.BearerTokens;
import io.berth.identity.Credentials;
import io.berth.identity.jwt.Fetcher;
import io.berth.identity.jwt.IssuerKeys;
import io.berth.identity.jwt.SignedTokens;
import java.net.URI;
import java.text.ParseException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Verifies tokens that a CI or a cluster has issued to its jobs. An issuer is contacted only when a rule names it. What is
 * derived from a token ends with it. Thread-safe.
 */
public final class WorkloadTokens implements BearerTokens, AutoCloseable {
    private static final Duration SKEW = Duration.ofSeconds(60);

    private final WorkloadRules rules;
    private final AccessVersion version;
    private final Clock clock;
    private volatile Compiled compiled = new Compiled(-1, Map.of(), Map.of());

    // Where an issuer's keys come from
    private record Place(String issuer, Optional<URI> jwks, Optional<String> ca) {}

    private record Keys(Fetcher fetcher, IssuerKeys keys) {}

    private record Rule(long id, long robot, RuleSettings settings, Place place) {}

    private record Compiled(long version, Map<String, List<Rule>> byIssuer, Map<Place, Keys> keys) {}

    public WorkloadTokens(WorkloadRules rules, AccessVersion version, Clock clock) {
        this.rules = rules;
        this.version = version;
        this.clock = clock;
    }

    @Override
    public Optional<Bearer> verify(String token) {
        return SignedTokens.parse(token).flatMap(this::verify);
    }

    private Optional<Bearer> verify(SignedJWT token) {
        JWTClaimsSet claimed = claims(token);
        Compiled now = current();
        for (Rule rule : now.byIssuer().getOrDefault(String.valueOf(claimed.getIssuer()), List.of())) {
            // The cheap questions first: a token that no rule means makes nobody ask for keys.
            if (isInTime(claimed, rule.settings()) && rule.settings().means(claimed)) {
                Set<String> algorithms = rule.settings().algorithms();
                IssuerKeys keys = now.keys().get(rule.place()).keys();
                if (SignedTokens.verified(token, algorithms, keys).isPresent()) {
                    long end = claimed.getExpirationTime().getTime();
                    return Optional.of(
                            new Bearer(Credentials.ofWorkload(rule.robot(), rule.id(), end), Optional.empty(), end));
                }
            }
        }
        return Optional.empty();
    }

    private static JWTClaimsSet claims(SignedJWT token) {
        try {
            return token.getJWTClaimsSet();
        } catch (ParseException e) {
            throw new IllegalStateException(e); // it was parsed before
        }
    }

    private boolean isInTime(JWTClaimsSet claims, RuleSettings settings) {
        long now = clock.millis();
        Date expires = claims.getExpirationTime();
        Date issued = claims.getIssueTime();
        Date from = claims.getNotBeforeTime();
        return expires != null
                && issued != null
                && now < expires.getTime()
                && issued.getTime() <= now + SKEW.toMillis()
                && (from == null || from.getTime() <= now + SKEW.toMillis())
                && expires.getTime() - issued.getTime()
                        <= settings.maxLifetime().toMillis();
    }

    private Compiled current() {
        Compiled known = compiled;
        return known.version() == version.current() ? known : compile();
    }

    private synchronized Compiled compile() {
        long now = version.current();
        if (compiled.version() == now) {
            return compiled;
        }
        Map<Place, Keys> before = new HashMap<>(compiled.keys());
        Map<Place, Keys> keys = new HashMap<>();
        Map<String, List<Rule>> byIssuer = new HashMap<>();
        for (WorkloadRules.Rule stored : rules.list()) {
            if (stored.enabled()) {
                RuleSettings settings = RuleSettings.parse(stored.settings());
                var place = new Place(stored.issuer(), settings.jwks(), settings.ca());
                keys.computeIfAbsent(place, wanted -> {
                    Keys kept = before.remove(wanted);
                    return kept != null ? kept : open(wanted);
                });
                byIssuer.computeIfAbsent(stored.issuer(), issuer -> new ArrayList<>())
                        .add(new Rule(stored.id(), stored.robot(), settings, place));
            }
        }
        compiled = new Compiled(now, byIssuer, keys);
        before.values().forEach(unused -> unused.fetcher().close());
        return compiled;
    }

    private Keys open(Place place) {
        var fetcher = new Fetcher(place.ca(), true);
        return new Keys(fetcher, new IssuerKeys(fetcher, URI.create(place.issuer()), place.jwks(), clock));
    }

    @Override
    public synchronized void close() {
        compiled.keys().values().forEach(open -> open.fetcher().close());
        compiled = new Compiled(-1, Map.of(), Map.of());
    }
}
