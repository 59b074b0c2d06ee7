package io.berth.registry;

import static io.berth.registry.ManifestRoutes.CACHE_CONTROL;
import static io.berth.registry.ManifestRoutes.CONTENT_DIGEST;
import static io.berth.registry.ManifestRoutes.ETAG;
import static io.berth.registry.ManifestRoutes.IF_NONE_MATCH;

import io.berth.access.Permission;
import io.berth.access.Target;
import io.berth.http.BodySender;
import io.berth.http.ByteRanges;
import io.berth.http.EntityTags;
import io.berth.http.Exchange;
import io.berth.http.Principal;
import io.berth.oci.Digest;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import io.berth.oci.RepositoryName;
import io.berth.store.BlobContent;
import io.netty.util.AsciiString;
import io.vertx.core.http.HttpMethod;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;

/** HTTP of {@code /v2/<name>/blobs/<digest>}. */
final class BlobRoutes {
    private static final String OCTET_STREAM = "application/octet-stream";
    private static final AsciiString ACCEPT_RANGES = AsciiString.cached("Accept-Ranges");
    private static final AsciiString RANGE = AsciiString.cached("Range");

    private final Access access;
    private final PullBlob pullBlob;
    private final DeleteBlob deleteBlob;

    BlobRoutes(Access access, PullBlob pullBlob, DeleteBlob deleteBlob) {
        this.access = access;
        this.pullBlob = pullBlob;
        this.deleteBlob = deleteBlob;
    }

    boolean pullAtOnce(Exchange exchange, RepositoryName name, Digest digest, Principal principal) {
        if (access.requireAtOnce(principal, Permission.PULL, Target.content(name, digest)) == null) {
            return false;
        }
        RegistryCache.CachedBlob blob = pullBlob.atOnce(name, digest, () -> access.mightPush(principal, name));
        if (blob == null || blob.content == null || exchange.header(RANGE) != null) {
            return false;
        }
        describe(exchange, name, digest);
        if (!answerNotModified(exchange, digest)) {
            exchange.answer(200, OCTET_STREAM, blob.content);
        }
        return true;
    }

    void pull(Exchange exchange, RepositoryName name, Digest digest, Principal principal) throws IOException {
        exchange.operation("HEAD".equals(exchange.method().name()) ? "blob-head" : "blob-get");
        access.requirePull(exchange, principal, name, digest, () -> PullBlob.unknown(digest));
        RegistryCache.CachedBlob blob = pullBlob.get(name, digest, () -> access.mayPush(principal, name));
        describe(exchange, name, digest);
        if (answerNotModified(exchange, digest)) {
            return;
        }
        ByteRanges ranges = ranges(exchange, digest, blob.size);
        if (ranges.kind() == ByteRanges.Kind.UNSATISFIABLE) {
            throw new OciException(ErrorCode.RANGE_INVALID, "the blob has " + blob.size + " bytes")
                    .header("Content-Range", "bytes */" + blob.size);
        }
        switch (ranges.ranges().size()) {
            case 0 -> send(exchange, name, blob, 200, 0, blob.size);
            case 1 -> {
                ByteRanges.Range range = ranges.ranges().getFirst();
                send(exchange, name, blob, 206, range.first(), range.length());
            }
            default -> sendParts(exchange, name, blob, ranges.ranges());
        }
    }

    // Ranges are defined for GET alone (RFC 9110, 14.2). If-Range: with another validator than this blob's the client
    // wants everything (13.1.5).
    private static ByteRanges ranges(Exchange exchange, Digest digest, long size) {
        String condition = exchange.header("If-Range");
        boolean whole = exchange.method() != HttpMethod.GET
                || condition != null && !EntityTags.matchesStrongly(condition, digest.toString());
        return ByteRanges.parse(whole ? null : exchange.header(RANGE), size);
    }

    private void describe(Exchange exchange, RepositoryName name, Digest digest) {
        exchange.set(CONTENT_DIGEST, digest.toString())
                .set(ETAG, EntityTags.of(digest.toString()))
                .set(ACCEPT_RANGES, "bytes")
                .set(CACHE_CONTROL, access.cacheForever(exchange, name));
    }

    private static boolean answerNotModified(Exchange exchange, Digest digest) {
        String condition = exchange.header(IF_NONE_MATCH);
        if (condition == null || !EntityTags.matches(condition, digest.toString())) {
            return false;
        }
        exchange.answer(304);
        return true;
    }

    private void send(
            Exchange exchange, RepositoryName name, RegistryCache.CachedBlob blob, int status, long offset, long length)
            throws IOException {
        if (blob.content != null) {
            byte[] part = offset == 0 && length == blob.size
                    ? blob.content
                    : Arrays.copyOfRange(blob.content, (int) offset, (int) (offset + length));
            tellRange(exchange, blob, status, offset, length);
            exchange.answer(status, OCTET_STREAM, part);
            return;
        }
        try (BlobContent content = pullBlob.open(name, blob, offset, length)) {
            if (content instanceof BlobContent.Redirect redirect && exchange.method() == HttpMethod.GET) {
                redirect(exchange, redirect);
                return;
            }
            exchange.set("Content-Type", OCTET_STREAM);
            tellRange(exchange, blob, status, offset, length);
            switch (content) {
                case BlobContent.FileRegion region ->
                    exchange.sender().region(status, region.channel(), region.offset(), region.length());
                case BlobContent.Stream stream ->
                    exchange.sender().stream(status, stream.length(), stream.source()::next);
                // A link is for GET alone; what HEAD wants is known here.
                case BlobContent.Redirect ignored -> exchange.sender().stream(status, length, () -> null);
            }
        }
    }

    private static void tellRange(
            Exchange exchange, RegistryCache.CachedBlob blob, int status, long offset, long length) {
        if (status == 206) {
            exchange.set("Content-Range", "bytes %d-%d/%d".formatted(offset, offset + length - 1, blob.size));
        }
    }

    // Such a link may be signed, and then gives the blob to whoever has it until it ends: caches must not keep it. The
    // client repeats its Range there, and knows not to repeat its Authorization.
    private static void redirect(Exchange exchange, BlobContent.Redirect redirect) {
        exchange.set(CACHE_CONTROL, "no-store")
                .set("Location", redirect.location().toString())
                .answer(307);
    }

    private void sendParts(
            Exchange exchange, RepositoryName name, RegistryCache.CachedBlob blob, List<ByteRanges.Range> ranges)
            throws IOException {
        if (blob.content != null) {
            // Not worth parts: a client of several ranges has to understand the whole as well.
            exchange.answer(200, OCTET_STREAM, blob.content);
            return;
        }
        ByteRanges.Range first = ranges.getFirst();
        try (BlobContent content = pullBlob.open(name, blob, first.first(), first.length())) {
            switch (content) {
                // One open file for all parts: it stays readable when the blob is deleted meanwhile.
                case BlobContent.FileRegion region -> {
                    long start = region.offset() - first.first();
                    exchange.sender()
                            .multipart(
                                    blob.size,
                                    OCTET_STREAM,
                                    ranges,
                                    (range, to) -> to.region(region.channel(), start + range.first(), range.length()));
                }
                case BlobContent.Stream stream ->
                    exchange.sender().multipart(blob.size, OCTET_STREAM, ranges, (range, to) -> {
                        if (range == first) {
                            to.stream(stream.source()::next, stream.length());
                        } else {
                            sendStreamed(name, blob, range, to);
                        }
                    });
                case BlobContent.Redirect redirect -> redirect(exchange, redirect);
            }
        }
    }

    private void sendStreamed(
            RepositoryName name, RegistryCache.CachedBlob blob, ByteRanges.Range range, BodySender.PartWriter to)
            throws IOException {
        try (BlobContent content = pullBlob.open(name, blob, range.first(), range.length())) {
            if (!(content instanceof BlobContent.Stream stream)) {
                throw new IOException("the store gave one part of a blob as a stream and another in another way");
            }
            to.stream(stream.source()::next, stream.length());
        }
    }

    void delete(Exchange exchange, RepositoryName name, Digest digest, Principal principal) {
        exchange.operation("blob-delete");
        Access.Right right = access.require(exchange, principal, Permission.ARTIFACT_DELETE, Target.repository(name));
        deleteBlob.delete(name, digest, Access.origin(exchange, principal, right));
        exchange.answer(202);
    }
}
