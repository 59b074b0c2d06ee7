package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** What came back. Header names are looked up in any case. */
record Answer(String method, HttpClient.Version version, int status, Map<String, List<String>> headers, byte[] body) {
    private static final JsonMapper JSON = new JsonMapper();

    /** A header's only value, or null. */
    String header(String name) {
        List<String> values = headers.entrySet().stream()
                .filter(entry -> entry.getKey().equalsIgnoreCase(name))
                .flatMap(entry -> entry.getValue().stream())
                .toList();
        assertThat(values).as("values of header " + name).hasSizeLessThanOrEqualTo(1);
        return values.isEmpty() ? null : values.getFirst();
    }

    String text() {
        return new String(body, StandardCharsets.UTF_8);
    }

    JsonNode json() {
        try {
            return JSON.readTree(body);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Answer isStatus(int expected) {
        assertThat(status).as(text()).isEqualTo(expected);
        assertThat(header("X-Request-Id")).as("X-Request-Id").isNotBlank();
        return this;
    }

    /** The interim answer that asks for the body. */
    Answer isContinue() {
        assertThat(status).isEqualTo(100);
        return this;
    }

    Answer has(String header, String value) {
        assertThat(header(header)).as(header).isEqualTo(value);
        return this;
    }

    Answer hasNo(String header) {
        assertThat(header(header)).as(header).isNull();
        return this;
    }

    /** An error as the OCI specification wants it. */
    Answer isError(int expected, String code) {
        isStatus(expected);
        assertThat(header("Content-Type")).isEqualTo("application/json");
        if (!method.equals("HEAD")) {
            JsonNode error = json().path("errors").path(0);
            assertThat(error.path("code").asText()).as(text()).isEqualTo(code);
            assertThat(error.path("message").asText()).as(text()).isNotBlank();
        }
        return this;
    }

    /** The first error's message and detail. */
    String complaint() {
        return json().path("errors").path(0).toString();
    }
}
