package io.berth.registry;

import io.berth.http.Exchange;
import io.berth.http.Principal;
import io.berth.oci.Digest;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import io.berth.oci.RepositoryName;
import java.io.IOException;
import java.util.Optional;

/**
 * HTTP of {@code /v2/<name>/blobs/uploads/}. Rights have been checked before.
 *
 * @see <a href="https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#push">distribution-spec, Push</a>
 */
final class UploadRoutes {
    private final Access access;
    private final Uploads uploads;
    private final MountBlob mountBlob;
    private final long maxBlobSize;

    UploadRoutes(Access access, Uploads uploads, MountBlob mountBlob, long maxBlobSize) {
        this.access = access;
        this.uploads = uploads;
        this.mountBlob = mountBlob;
        this.maxBlobSize = maxBlobSize;
    }

    void open(Exchange exchange, RepositoryName name, Principal principal, Access.Right right) throws IOException {
        String mount = exchange.query("mount");
        if (mount != null) {
            exchange.operation("blob-mount");
            Digest digest = Digest.parse(mount);
            String from = exchange.query("from");
            boolean mounted = isUsable(from)
                    && mountBlob.mount(
                            name,
                            digest,
                            from == null || from.isEmpty() ? Optional.empty() : Optional.of(RepositoryName.parse(from)),
                            principal,
                            Access.origin(exchange, principal, right));
            if (mounted) {
                answerCreated(exchange, name, digest);
                return;
            }
        }
        String whole = exchange.query("digest");
        if (whole != null && mount == null) {
            exchange.operation("blob-put");
            Digest digest = Digest.parse(whole);
            requireSize(exchange.contentLength());
            access.requireRoom(name, digest, exchange.contentLength());
            uploads.pushWhole(name, principal, digest, body(exchange), Access.origin(exchange, principal, right));
            answerCreated(exchange, name, digest);
            return;
        }
        String algorithm = exchange.query("digest-algorithm");
        UploadSession session = uploads.open(
                name, principal, algorithm == null ? Digest.Algorithm.SHA256 : Digest.Algorithm.parse(algorithm));
        describe(exchange, name, session).answer(202);
    }

    // A source that cannot exist is answered like one that does not: with an upload.
    private static boolean isUsable(String from) {
        if (from == null || from.isEmpty()) {
            return true;
        }
        try {
            RepositoryName.parse(from);
            return true;
        } catch (OciException e) {
            return false;
        }
    }

    void status(Exchange exchange, RepositoryName name, String id, Principal principal) throws IOException {
        exchange.operation("upload-status");
        exchange.set(ManifestRoutes.CACHE_CONTROL, "private, no-store");
        describe(exchange, name, uploads.find(id, name, principal)).answer(204);
    }

    void append(Exchange exchange, RepositoryName name, String id, Principal principal) throws IOException {
        exchange.operation("upload-patch");
        UploadSession session = uploads.find(id, name, principal);
        var range = ContentRange.parse(exchange.header("Content-Range"));
        requireRoom(exchange, name, session, null, range);
        try {
            uploads.append(session, range, body(exchange));
        } catch (OciException e) {
            throw whereItStands(e, name, session);
        }
        describe(exchange, name, session).answer(202);
    }

    void finish(Exchange exchange, RepositoryName name, String id, Principal principal, Access.Right right)
            throws IOException {
        exchange.operation("blob-put");
        UploadSession session = uploads.find(id, name, principal);
        String text = exchange.query("digest");
        if (text == null) {
            throw new OciException(ErrorCode.DIGEST_INVALID, "the parameter 'digest' is missing");
        }
        Digest digest = Digest.parse(text);
        var range = ContentRange.parse(exchange.header("Content-Range"));
        requireRoom(exchange, name, session, digest, range);
        try {
            uploads.finish(
                    session, digest, range, body(exchange), principal, Access.origin(exchange, principal, right));
        } catch (OciException e) {
            throw whereItStands(e, name, session);
        }
        answerCreated(exchange, name, digest);
    }

    void cancel(Exchange exchange, RepositoryName name, String id, Principal principal) throws IOException {
        exchange.operation("upload-cancel");
        uploads.cancel(uploads.find(id, name, principal));
        exchange.answer(204);
    }

    private Uploads.Body body(Exchange exchange) {
        var body = exchange.body();
        return new Uploads.Body(body::next, exchange.contentLength());
    }

    private void requireSize(long announced) {
        if (maxBlobSize > 0 && announced > maxBlobSize) {
            throw new OciException(ErrorCode.TOO_LARGE, "a blob has at most " + maxBlobSize + " bytes here");
        }
    }

    // With this request the upload has at least what came before and what is announced.
    private void requireRoom(
            Exchange exchange, RepositoryName name, UploadSession session, Digest digest, ContentRange range) {
        if (range != null && range.first() != session.size()) {
            return; // where the upload stands is what the client has to hear
        }
        long announced = Math.max(exchange.contentLength(), range == null ? 0 : range.length());
        access.requireRoom(name, digest, session.size() + Math.max(0, announced));
    }

    private static Exchange describe(Exchange exchange, RepositoryName name, UploadSession session) {
        return exchange.set("Location", location(name, session))
                .set("Range", range(session))
                .set("Docker-Upload-UUID", session.state().id().toString());
    }

    // A client whose chunk was refused goes on from here.
    private static OciException whereItStands(OciException e, RepositoryName name, UploadSession session) {
        if (e.code() == ErrorCode.RANGE_INVALID) {
            e.header("Location", location(name, session))
                    .header("Range", range(session))
                    .header("Docker-Upload-UUID", session.state().id().toString());
        }
        return e;
    }

    private static String location(RepositoryName name, UploadSession session) {
        return "/v2/" + name + "/blobs/uploads/" + session.state().id();
    }

    // "0-0" stands for an empty upload too: clients expect a range, and there is none for nothing.
    private static String range(UploadSession session) {
        return "0-" + Math.max(0, session.size() - 1);
    }

    private static void answerCreated(Exchange exchange, RepositoryName name, Digest digest) {
        exchange.set("Location", "/v2/" + name + "/blobs/" + digest)
                .set(ManifestRoutes.CONTENT_DIGEST, digest.toString())
                .answer(201);
    }
}
