package io.berth.api;

import io.berth.http.Endpoint;
import io.berth.http.Exchange;
import io.berth.oci.ErrorCode;
import io.berth.oci.Json;
import io.berth.oci.OciException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/**
 * The description of this API, and a page to explore it with. Both are open to everybody: they say what any reader of the
 * manual knows. Thread-safe.
 *
 * @see <a href="https://spec.openapis.org/oas/v3.1.1.html">OpenAPI 3.1</a>
 */
public final class ApiDocument implements Endpoint {
    public static final String PATH = "/api/openapi.json";
    public static final String EXPLORER = "/api/explorer";

    private static final String POLICY = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline';"
            + " img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    // Of a library that lies beside the program
    private static final Map<String, String> LIBRARY = Map.of(
            "swagger-ui-bundle.js", "text/javascript; charset=utf-8", "swagger-ui.css", "text/css; charset=utf-8");
    private static final String LIBRARY_FOLDER = "/META-INF/resources/webjars/swagger-ui/";

    private static final Map<String, String> PAGE =
            Map.of("index.html", "text/html; charset=utf-8", "start.js", "text/javascript; charset=utf-8");

    private volatile byte[] document;

    @Override
    public void answer(Exchange exchange) throws IOException {
        exchange.operation("api-document");
        if (!exchange.isRead()) {
            throw new OciException(ErrorCode.METHOD_NOT_ALLOWED, "it can only be read").header("Allow", "GET, HEAD");
        }
        exchange.set("Cache-Control", "no-cache");
        if (exchange.path().equals(PATH)) {
            exchange.answer(200, "application/json", document());
            return;
        }
        exchange.set("Content-Security-Policy", POLICY).set("X-Content-Type-Options", "nosniff");
        String name = exchange.path().substring(EXPLORER.length()).replaceAll("^/", "");
        if (name.isEmpty() && !exchange.path().endsWith("/")) {
            exchange.set("Location", EXPLORER + "/").answer(302);
        } else {
            file(exchange, name.isEmpty() ? "index.html" : name);
        }
    }

    private static void file(Exchange exchange, String name) throws IOException {
        if (PAGE.containsKey(name)) {
            exchange.answer(200, PAGE.get(name), resource(name));
        } else if (LIBRARY.containsKey(name)) {
            exchange.answer(200, LIBRARY.get(name), resource(LIBRARY_FOLDER + version() + "/" + name));
        } else {
            throw new OciException(ErrorCode.NOT_FOUND, "there is no such page");
        }
    }

    private byte[] document() throws IOException {
        byte[] known = document;
        if (known == null) {
            var options = new LoaderOptions();
            options.setAllowDuplicateKeys(false);
            Object yaml = new Yaml(new SafeConstructor(options))
                    .load(new String(resource("openapi.yaml"), StandardCharsets.UTF_8));
            known = Json.write(yaml).getBytes(StandardCharsets.UTF_8);
            document = known;
        }
        return known;
    }

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = ApiDocument.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IOException(name + " is missing in the program");
            }
            return in.readAllBytes();
        }
    }

    private static String version() throws IOException {
        try (InputStream in =
                ApiDocument.class.getResourceAsStream("/META-INF/maven/org.webjars/swagger-ui/pom.properties")) {
            var made = new java.util.Properties();
            made.load(in);
            return made.getProperty("version");
        }
    }
}
