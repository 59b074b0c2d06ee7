package io.berth.identity.jwt;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.berth.oci.Json;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * Asks an issuer over HTTP: small JSON answers, no redirects, and a limit for everything. Thread-safe; close it when the
 * issuer is not used any more.
 */
public final class Fetcher implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final int MAX_BYTES = 1 << 20;

    private final Duration patience;
    private final HttpClient client;

    /**
     * @param ca PEM certificates to trust in place of the system's
     * @param verify whether servers' certificates are verified
     * @throws IllegalArgumentException when {@code ca} holds no certificates
     */
    public Fetcher(Optional<String> ca, boolean verify) {
        this(ca, verify, PATIENCE);
    }

    /** @param patience for a connection and for the head of an answer; for all of it, twice that */
    Fetcher(Optional<String> ca, boolean verify, Duration patience) {
        this.patience = patience;
        HttpClient.Builder builder = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(patience)
                .followRedirects(HttpClient.Redirect.NEVER);
        if (ca.isPresent() || !verify) {
            builder.sslContext(tls(ca, verify));
        }
        client = builder.build();
    }

    private static SSLContext tls(Optional<String> ca, boolean verify) {
        try {
            TrustManager[] trust = {new TrustEverybody()};
            if (verify) {
                KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
                store.load(null, null);
                int number = 0;
                for (Certificate certificate : certificates(ca.orElseThrow())) {
                    store.setCertificateEntry("ca" + number++, certificate);
                }
                TrustManagerFactory factory =
                        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
                factory.init(store);
                trust = factory.getTrustManagers();
            }
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, trust, null);
            return context;
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalArgumentException("no certificates in PEM", e);
        }
    }

    private static Collection<? extends Certificate> certificates(String pem) throws CertificateException {
        Collection<? extends Certificate> found = CertificateFactory.getInstance("X.509")
                .generateCertificates(new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII)));
        if (found.isEmpty()) {
            throw new CertificateException("none");
        }
        return found;
    }

    /** The JSON at {@code url}. @throws IOException for every other answer than 200 with JSON */
    public JsonNode get(URI url, Map<String, String> headers) throws IOException {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(url).timeout(patience).header("Accept", "application/json");
        headers.forEach(request::header);
        return send(request.GET().build());
    }

    private HttpRequest request(URI url, Map<String, String> form, Map<String, String> headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(url)
                .timeout(patience)
                .header("Accept", "application/json")
                .header("Content-Type", "application/x-www-form-urlencoded");
        headers.forEach(request::header);
        return request.POST(HttpRequest.BodyPublishers.ofString(encode(form))).build();
    }

    /**
     * What somebody answers.
     *
     * @param json missing where an answer other than 200 holds none
     */
    public record Answer(int status, JsonNode json) {}

    /** What {@code url} answers to a form, whatever its status is: errors of OAuth are JSON too (RFC 6749, 5.2). */
    public Answer post(URI url, Map<String, String> form, Map<String, String> headers) throws IOException {
        return answer(request(url, form, headers));
    }

    /** A form, or a query. */
    public static String encode(Map<String, String> form) {
        return form.entrySet().stream()
                .map(field -> URLEncoder.encode(field.getKey(), StandardCharsets.UTF_8) + "="
                        + URLEncoder.encode(field.getValue(), StandardCharsets.UTF_8))
                .collect(Collectors.joining("&"));
    }

    private JsonNode send(HttpRequest request) throws IOException {
        Answer answer = answer(request);
        if (answer.status() != 200) {
            throw new IOException(request.uri() + " answered " + answer.status());
        }
        return answer.json();
    }

    private Answer answer(HttpRequest request) throws IOException {
        // The request's own timeout ends with the headers, and a body may trickle in for ever.
        var asked = client.sendAsync(
                request, HttpResponse.BodyHandlers.limiting(HttpResponse.BodyHandlers.ofByteArray(), MAX_BYTES));
        try {
            HttpResponse<byte[]> answer = asked.get(2 * patience.toMillis(), TimeUnit.MILLISECONDS);
            return new Answer(answer.statusCode(), parse(answer.body(), answer.statusCode()));
        } catch (InterruptedException e) {
            asked.cancel(true);
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } catch (TimeoutException e) {
            asked.cancel(true);
            throw new HttpTimeoutException(request.uri() + " did not answer to the end");
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException cause ? cause : new IOException(e.getCause());
        }
    }

    private static JsonNode parse(byte[] bytes, int status) throws IOException {
        try {
            return Json.MAPPER.readTree(bytes);
        } catch (JsonProcessingException e) {
            if (status == 200) {
                throw e;
            }
            return MissingNode.getInstance();
        }
    }

    @Override
    public void close() {
        client.shutdownNow();
    }

    // Extended, so that the JDK leaves the host's name alone as well.
    private static final class TrustEverybody extends X509ExtendedTrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, java.net.Socket socket) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, java.net.Socket socket) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
