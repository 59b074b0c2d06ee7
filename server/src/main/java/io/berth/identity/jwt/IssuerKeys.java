package io.berth.identity.jwt;

import com.fasterxml.jackson.databind.JsonNode;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKMatcher;
import com.nimbusds.jose.jwk.JWKSelector;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.KeyType;
import io.berth.oci.ErrorCode;
import io.berth.oci.Json;
import io.berth.oci.OciException;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.text.ParseException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The public keys of one configured issuer, fetched when they are first needed, again after {@link #KEEP}, and when a token
 * names one that is not among them, which happens after the issuer has changed its keys; that at most once a minute,
 * whatever tokens say. Nothing in a token decides what is contacted. Thread-safe.
 */
public final class IssuerKeys {
    private static final Logger LOG = LoggerFactory.getLogger(IssuerKeys.class);
    private static final Duration KEEP = Duration.ofMinutes(15);
    private static final Duration PAUSE = Duration.ofMinutes(1);

    private final Fetcher fetcher;
    private final URI issuer;
    private final Optional<URI> jwks;
    private final Clock clock;
    private final ReentrantLock fetching = new ReentrantLock();
    private volatile Fetched fetched = new Fetched(List.of(), Long.MIN_VALUE);
    private volatile long asked = Long.MIN_VALUE;

    private record Fetched(List<JWK> keys, long at) {}

    /** @param jwks where the keys are; empty to ask the issuer's discovery document */
    public IssuerKeys(Fetcher fetcher, URI issuer, Optional<URI> jwks, Clock clock) {
        this.fetcher = fetcher;
        this.issuer = issuer;
        this.jwks = jwks;
        this.clock = clock;
    }

    /**
     * The keys that a token with this header may be signed by; none when the issuer has no such key.
     *
     * @throws OciException {@code UNAVAILABLE} when no key of the issuer is known, since it cannot be asked
     */
    List<JWK> matching(JWSHeader header) {
        if (fetched.at() == Long.MIN_VALUE || clock.millis() - fetched.at() > KEEP.toMillis()) {
            fetch();
        }
        List<JWK> found = select(header);
        if (found.isEmpty() && fetch()) {
            found = select(header);
        }
        if (found.isEmpty() && fetched.at() == Long.MIN_VALUE) {
            throw new OciException(ErrorCode.UNAVAILABLE, "the keys of " + issuer + " cannot be fetched now");
        }
        return found;
    }

    private List<JWK> select(JWSHeader header) {
        return new JWKSelector(JWKMatcher.forJWSHeader(header)).select(new JWKSet(fetched.keys()));
    }

    // Whether it has fetched now, or another thread has while this one waited.
    private boolean fetch() {
        long before = fetched.at();
        fetching.lock();
        try {
            if (fetched.at() != before) {
                return true;
            }
            long now = clock.millis();
            if (asked != Long.MIN_VALUE && now - asked >= 0 && now - asked < PAUSE.toMillis()) {
                return false;
            }
            asked = now;
            JsonNode set = fetcher.get(jwks.isPresent() ? jwks.get() : discovered(), Map.of());
            fetched = new Fetched(usable(JWKSet.parse(Json.write(set))), now);
            return true;
        } catch (IOException | ParseException e) {
            LOG.warn("the keys of {} cannot be fetched: {}", issuer, e.toString());
            return false;
        } finally {
            fetching.unlock();
        }
    }

    private URI discovered() throws IOException {
        JsonNode document = discover(fetcher, issuer);
        return url(document, "jwks_uri");
    }

    /** The discovery document of {@code issuer}. @throws IOException when it is another issuer's, or cannot be had */
    public static JsonNode discover(Fetcher fetcher, URI issuer) throws IOException {
        String base = issuer.toString().replaceAll("/+$", "");
        JsonNode document = fetcher.get(URI.create(base + "/.well-known/openid-configuration"), Map.of());
        if (!issuer.toString().equals(document.path("issuer").asText())) {
            throw new IOException("the discovery document of " + issuer + " is of another issuer");
        }
        return document;
    }

    /** A URL of a discovery document. */
    public static URI url(JsonNode document, String name) throws IOException {
        try {
            URI url = new URI(document.path(name).asText());
            if (Set.of("http", "https").contains(String.valueOf(url.getScheme()))) {
                return url;
            }
        } catch (URISyntaxException e) {
            // said below
        }
        throw new IOException("the discovery document has no " + name);
    }

    // A symmetric key among public ones is nobody's secret.
    private static List<JWK> usable(JWKSet set) {
        return set.getKeys().stream()
                .filter(key ->
                        key.getKeyType().equals(KeyType.RSA) || key.getKeyType().equals(KeyType.EC))
                .filter(key -> !key.getKeyType().equals(KeyType.RSA) || key.size() >= 2048)
                .map(JWK::toPublicJWK)
                .toList();
    }
}
