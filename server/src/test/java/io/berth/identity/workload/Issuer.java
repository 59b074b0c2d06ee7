package io.berth.identity.workload;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import com.nimbusds.jwt.SignedJWT;
import com.sun.net.httpserver.HttpServer;
import io.berth.oci.Json;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/** An issuer of tokens with a discovery document and keys, as a CI or cluster has them. */
public final class Issuer implements AutoCloseable {
    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final AtomicInteger fetches = new AtomicInteger();
    private final List<RSAKey> keys = new ArrayList<>();
    private final List<String> forms = new CopyOnWriteArrayList<>();
    private volatile int status = 200;
    private volatile String answer = "{}";
    private volatile Runnable meanwhile = () -> {};

    public Issuer() throws Exception {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        rotate();
        server.createContext(
                "/.well-known/openid-configuration",
                exchange -> answer(
                        exchange,
                        Json.object(
                                "issuer", url(),
                                "jwks_uri", url() + "/keys",
                                "authorization_endpoint", url() + "/authorize",
                                "token_endpoint", url() + "/token")));
        server.createContext("/token", exchange -> {
            forms.add(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
            meanwhile.run();
            answer(exchange, status, answer);
        });
        server.createContext("/keys", exchange -> {
            fetches.incrementAndGet();
            answer(exchange, new JWKSet(List.copyOf(keys)).toString());
        });
        server.start();
    }

    private static void answer(com.sun.net.httpserver.HttpExchange exchange, String json) throws IOException {
        answer(exchange, 200, json);
    }

    private static void answer(com.sun.net.httpserver.HttpExchange exchange, int status, String json)
            throws IOException {
        byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    public String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    /** What it answers to whoever brings a code. */
    public void idToken(String token) {
        answers(200, Json.object("id_token", token, "access_token", "opaque"));
    }

    /** What it answers to whoever asks for a token. */
    public void answers(int withStatus, String body) {
        status = withStatus;
        answer = body;
    }

    /** What happens while it is asked for a token. */
    public void meanwhile(Runnable event) {
        meanwhile = event;
    }

    /** What was last brought to it. */
    public String form() {
        return forms.getLast();
    }

    /** All that was brought to it. */
    public List<String> forms() {
        return List.copyOf(forms);
    }

    /** How often its keys have been fetched. */
    public int fetches() {
        return fetches.get();
    }

    /** Signs by a new key from now on, and shows that alone. */
    public void rotate() throws JOSEException {
        keys.clear();
        keys.add(new RSAKeyGenerator(2048)
                .keyUse(KeyUse.SIGNATURE)
                .keyIDFromThumbprint(true)
                .generate());
    }

    public RSAKey key() {
        return keys.getFirst();
    }

    /** Claims that are in order, for {@code audience}, for some minutes. */
    public JWTClaimsSet.Builder claims(String audience, Map<String, Object> more) {
        Instant now = Instant.now();
        var claims = new JWTClaimsSet.Builder()
                .issuer(url())
                .audience(audience)
                .issueTime(Date.from(now))
                .expirationTime(Date.from(now.plusSeconds(300)));
        more.forEach(claims::claim);
        return claims;
    }

    /** A token of its own. */
    public String token(String audience, Map<String, Object> claims) throws JOSEException {
        return sign(claims(audience, claims).build());
    }

    public String sign(JWTClaimsSet claims) throws JOSEException {
        return sign(claims, JWSAlgorithm.RS256, key().getKeyID(), new RSASSASigner(key()));
    }

    public static String sign(JWTClaimsSet claims, JWSAlgorithm algorithm, String kid, JWSSigner signer)
            throws JOSEException {
        var token = new SignedJWT(new JWSHeader.Builder(algorithm).keyID(kid).build(), claims);
        token.sign(signer);
        return token.serialize();
    }

    /** The classic: the public key taken for a shared secret. */
    public String signByPublicKey(JWTClaimsSet claims) throws JOSEException {
        byte[] publicKey = key().toRSAPublicKey().getEncoded();
        return sign(claims, JWSAlgorithm.HS256, key().getKeyID(), new MACSigner(publicKey));
    }

    public static String unsigned(JWTClaimsSet claims) {
        return new PlainJWT(claims).serialize();
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
