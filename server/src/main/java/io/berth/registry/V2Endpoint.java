package io.berth.registry;

import io.berth.access.Permission;
import io.berth.access.Target;
import io.berth.http.Authentication;
import io.berth.http.Endpoint;
import io.berth.http.Exchange;
import io.berth.http.Principal;
import io.berth.http.RateLimiter;
import io.berth.oci.Digest;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import io.berth.oci.Reference;
import io.berth.oci.RepositoryName;
import io.vertx.core.http.HttpMethod;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * {@code /v2/}: reads the path, finds out who is asking, and hands the request to the routes of its resource.
 *
 * @see <a href="https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#endpoints">distribution-spec,
 *     Endpoints</a>
 */
public final class V2Endpoint implements Endpoint {
    private static final byte[] PONG = "{}".getBytes(StandardCharsets.UTF_8);

    private final Authentication authentication;
    private final RateLimiter rateLimiter;
    private final BooleanSupplier readOnly;
    private final Access access;
    private final ManifestRoutes manifests;
    private final BlobRoutes blobs;
    private final UploadRoutes uploads;
    private final ListRoutes lists;

    V2Endpoint(
            Authentication authentication,
            RateLimiter rateLimiter,
            BooleanSupplier readOnly,
            Access access,
            ManifestRoutes manifests,
            BlobRoutes blobs,
            UploadRoutes uploads,
            ListRoutes lists) {
        this.authentication = authentication;
        this.rateLimiter = rateLimiter;
        this.readOnly = readOnly;
        this.access = access;
        this.manifests = manifests;
        this.blobs = blobs;
        this.uploads = uploads;
        this.lists = lists;
    }

    @Override
    public boolean answerAtOnce(Exchange exchange) {
        if (!exchange.isRead()) {
            return false;
        }
        V2Path path = V2Path.parse(exchange.path());
        if (path.kind() != V2Path.Kind.MANIFEST && path.kind() != V2Path.Kind.BLOB) {
            return false;
        }
        Optional<Principal> principal = authentication.atOnce(exchange);
        if (principal.isEmpty()) {
            return false;
        }
        rateLimiter.require(exchange, principal.get());
        RepositoryName name = RepositoryName.parse(path.name());
        if (path.kind() == V2Path.Kind.MANIFEST) {
            exchange.operation(exchange.method() == HttpMethod.HEAD ? "manifest-head" : "manifest-get");
            return manifests.pullAtOnce(exchange, name, Reference.parse(path.last()), principal.get());
        }
        exchange.operation(exchange.method() == HttpMethod.HEAD ? "blob-head" : "blob-get");
        return blobs.pullAtOnce(exchange, name, Digest.parse(path.last()), principal.get());
    }

    @Override
    public void answer(Exchange exchange) throws IOException {
        boolean asked = !exchange.principal().isAnonymous();
        Principal principal = authentication.require(exchange);
        V2Path path = V2Path.parse(exchange.path());
        boolean tried = exchange.isRead()
                && (path.kind() == V2Path.Kind.MANIFEST || path.kind() == V2Path.Kind.BLOB)
                && (asked || principal.isAnonymous());
        if (!tried) {
            rateLimiter.require(exchange, principal);
        }
        if (readOnly.getAsBoolean() && !exchange.isRead()) {
            throw new OciException(ErrorCode.DENIED, 405, "the registry is read-only (registry.read-only)");
        }
        switch (path.kind()) {
            case PING -> ping(exchange, principal);
            case CATALOG -> lists.catalog(exchange, principal);
            case TAGS -> lists.tags(exchange, RepositoryName.parse(path.name()), principal);
            case REFERRERS ->
                lists.referrers(exchange, RepositoryName.parse(path.name()), Digest.parse(path.last()), principal);
            case MANIFEST -> manifest(exchange, path, principal);
            case BLOB -> blob(exchange, path, principal);
            case UPLOADS -> {
                requireMethod(exchange, HttpMethod.POST);
                exchange.operation("upload-open");
                RepositoryName name = RepositoryName.parse(path.name());
                uploads.open(
                        exchange,
                        name,
                        principal,
                        access.require(exchange, principal, Permission.PUSH, Target.repository(name)));
            }
            case UPLOAD -> upload(exchange, path, principal);
            case UNKNOWN ->
                throw new OciException(ErrorCode.UNSUPPORTED, 404, "there is nothing under this path of /v2/");
        }
    }

    private void ping(Exchange exchange, Principal principal) {
        exchange.operation("ping");
        exchange.set("Docker-Distribution-Api-Version", "registry/2.0");
        if (!exchange.isRead()) {
            throw methodNotAllowed("GET, HEAD");
        }
        if (principal.isAnonymous()) {
            // Also where anybody may pull: clients learn here, and only here, how to present their credential.
            throw authentication.challenge(exchange, "", "authentication required");
        }
        exchange.answer(200, "application/json", PONG);
    }

    private void manifest(Exchange exchange, V2Path path, Principal principal) throws IOException {
        RepositoryName name = RepositoryName.parse(path.name());
        Reference reference = Reference.parse(path.last());
        switch (exchange.method().name()) {
            case "GET", "HEAD" -> manifests.pull(exchange, name, reference, principal);
            case "PUT" -> manifests.push(exchange, name, reference, principal);
            case "DELETE" -> manifests.delete(exchange, name, reference, principal);
            default -> throw methodNotAllowed("GET, HEAD, PUT, DELETE");
        }
    }

    private void blob(Exchange exchange, V2Path path, Principal principal) throws IOException {
        RepositoryName name = RepositoryName.parse(path.name());
        Digest digest = Digest.parse(path.last());
        switch (exchange.method().name()) {
            case "GET", "HEAD" -> blobs.pull(exchange, name, digest, principal);
            case "DELETE" -> blobs.delete(exchange, name, digest, principal);
            default -> throw methodNotAllowed("GET, HEAD, DELETE");
        }
    }

    private void upload(Exchange exchange, V2Path path, Principal principal) throws IOException {
        RepositoryName name = RepositoryName.parse(path.name());
        Access.Right right = access.require(exchange, principal, Permission.PUSH, Target.repository(name));
        switch (exchange.method().name()) {
            case "GET" -> uploads.status(exchange, name, path.last(), principal);
            case "PATCH" -> uploads.append(exchange, name, path.last(), principal);
            case "PUT" -> uploads.finish(exchange, name, path.last(), principal, right);
            case "DELETE" -> uploads.cancel(exchange, name, path.last(), principal);
            default -> throw methodNotAllowed("GET, PATCH, PUT, DELETE");
        }
    }

    private static void requireMethod(Exchange exchange, HttpMethod method) {
        if (exchange.method() != method) {
            throw methodNotAllowed(method.name());
        }
    }

    private static OciException methodNotAllowed(String allowed) {
        return new OciException(ErrorCode.UNSUPPORTED, "the method is not allowed here").header("Allow", allowed);
    }
}
