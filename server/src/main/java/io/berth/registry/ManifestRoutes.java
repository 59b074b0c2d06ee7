package io.berth.registry;

import io.berth.access.Decision;
import io.berth.access.Permission;
import io.berth.access.Target;
import io.berth.db.Change;
import io.berth.http.ByteLimiter;
import io.berth.http.EntityTags;
import io.berth.http.Exchange;
import io.berth.http.Principal;
import io.berth.oci.Digest;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import io.berth.oci.Reference;
import io.berth.oci.RepositoryName;
import io.berth.oci.Tag;
import io.netty.util.AsciiString;
import io.vertx.core.http.HttpMethod;
import java.io.IOException;
import java.util.List;

/** HTTP of {@code /v2/<name>/manifests/<reference>}. */
final class ManifestRoutes {
    static final AsciiString CONTENT_DIGEST = AsciiString.cached("Docker-Content-Digest");
    static final AsciiString ETAG = AsciiString.cached("ETag");
    static final AsciiString CACHE_CONTROL = AsciiString.cached("Cache-Control");
    static final AsciiString IF_NONE_MATCH = AsciiString.cached("If-None-Match");

    /** Larger manifests are copied piece by piece, so that slow clients do not each hold one. */
    private static final int AT_ONCE = 64 << 10;

    private static final int MAX_TAGS = 100;

    private final Access access;
    private final PullManifest pullManifest;
    private final PushManifest pushManifest;
    private final DeleteManifest deleteManifest;
    private final long maxSize;
    private final ByteLimiter memory;
    private final PullCounts counts;

    ManifestRoutes(
            Access access,
            PullManifest pullManifest,
            PushManifest pushManifest,
            DeleteManifest deleteManifest,
            long maxSize,
            ByteLimiter memory,
            PullCounts counts) {
        this.access = access;
        this.pullManifest = pullManifest;
        this.pushManifest = pushManifest;
        this.deleteManifest = deleteManifest;
        this.maxSize = maxSize;
        this.memory = memory;
        this.counts = counts;
    }

    boolean pullAtOnce(Exchange exchange, RepositoryName name, Reference reference, Principal principal) {
        Decision decision = access.requireAtOnce(principal, Permission.PULL, Target.content(name, reference));
        if (decision == null) {
            return false;
        }
        RegistryCache.CachedManifest manifest =
                pullManifest.atOnce(name, reference, () -> access.mightPush(principal, name));
        if (manifest == null || manifest.content.length > AT_ONCE) {
            return false;
        }
        describe(exchange, name, reference, manifest);
        pulled(exchange, principal, decision, name, reference, manifest.digest);
        if (!answerNotModified(exchange, manifest)) {
            exchange.answer(200, manifest.mediaType, manifest.content);
        }
        return true;
    }

    void pull(Exchange exchange, RepositoryName name, Reference reference, Principal principal) throws IOException {
        exchange.operation("HEAD".equals(exchange.method().name()) ? "manifest-head" : "manifest-get");
        Decision decision =
                access.requirePull(exchange, principal, name, reference, () -> PullManifest.unknown(reference));
        RegistryCache.CachedManifest manifest =
                pullManifest.get(name, reference, () -> access.mayPush(principal, name));
        describe(exchange, name, reference, manifest);
        pulled(exchange, principal, decision, name, reference, manifest.digest);
        if (answerNotModified(exchange, manifest)) {
            return;
        }
        if (manifest.content.length <= AT_ONCE) {
            exchange.answer(200, manifest.mediaType, manifest.content);
        } else {
            exchange.sender().bytes(200, manifest.mediaType, manifest.content);
        }
    }

    private void pulled(
            Exchange exchange,
            Principal principal,
            Decision decision,
            RepositoryName name,
            Reference reference,
            String digest) {
        if (exchange.method() == HttpMethod.GET) {
            access.pulled(exchange, principal, decision, name, reference, digest);
            counts.pulled(name, reference, digest);
        }
    }

    private void describe(
            Exchange exchange, RepositoryName name, Reference reference, RegistryCache.CachedManifest manifest) {
        exchange.set(CONTENT_DIGEST, manifest.digest)
                .set(ETAG, manifest.etag)
                .set(
                        CACHE_CONTROL,
                        reference instanceof Tag
                                ? access.cacheUntilChanged(exchange, name)
                                : access.cacheForever(exchange, name));
    }

    private static boolean answerNotModified(Exchange exchange, RegistryCache.CachedManifest manifest) {
        String condition = exchange.header(IF_NONE_MATCH);
        if (condition == null || !EntityTags.matches(condition, manifest.digest)) {
            return false;
        }
        exchange.answer(304);
        return true;
    }

    void push(Exchange exchange, RepositoryName name, Reference reference, Principal principal) throws IOException {
        exchange.operation("manifest-put");
        Access.Right right = access.require(exchange, principal, Permission.PUSH, Target.content(name, reference));
        Change.Origin origin = Access.origin(exchange, principal, right);
        List<Tag> tags = tagParameters(exchange, reference);
        for (Tag tag : tags) {
            origin = origin.through(access.require(exchange, principal, Permission.PUSH, Target.content(name, tag))
                    .gate());
        }
        long announced = exchange.contentLength();
        if (announced > maxSize) {
            throw tooLarge();
        }
        access.requireRoom(name, reference instanceof Digest digest ? digest : null, announced);
        PushManifest.Pushed pushed;
        try (ByteLimiter.Room room = memory.room()) {
            pushed = pushManifest.push(new PushManifest.Request(
                    name,
                    reference,
                    tags,
                    exchange.header("Content-Type"),
                    room.read(
                            exchange.body()::next,
                            announced,
                            (int) Math.min(maxSize, Integer.MAX_VALUE),
                            this::tooLarge),
                    exchange.header("If-Match"),
                    exchange.header(IF_NONE_MATCH),
                    principal,
                    origin,
                    false,
                    subject -> access.require(exchange, principal, Permission.PUSH, Target.subject(name, subject))
                            .gate()));
        }
        pushed.subject().ifPresent(subject -> exchange.set("OCI-Subject", subject.toString()));
        if (!tags.isEmpty()) {
            exchange.set(
                    "OCI-Tag", String.join(", ", tags.stream().map(Tag::name).toList()));
        }
        exchange.set("Location", "/v2/" + name + "/manifests/" + pushed.digest())
                .set(CONTENT_DIGEST, pushed.digest().toString())
                .answer(201);
    }

    private static List<Tag> tagParameters(Exchange exchange, Reference reference) {
        List<String> names = exchange.queryAll("tag");
        if (names.isEmpty()) {
            return List.of();
        }
        if (!(reference instanceof Digest)) {
            throw new OciException(ErrorCode.TAG_INVALID, "the parameter 'tag' goes with a push by digest only");
        }
        if (names.size() > MAX_TAGS) {
            throw new OciException(ErrorCode.TAG_INVALID, 414, "more than " + MAX_TAGS + " tags in one push");
        }
        return names.stream().map(Tag::parse).distinct().toList();
    }

    private OciException tooLarge() {
        return new OciException(ErrorCode.TOO_LARGE, "a manifest has at most " + maxSize + " bytes here");
    }

    void delete(Exchange exchange, RepositoryName name, Reference reference, Principal principal) {
        exchange.operation(reference instanceof Tag ? "tag-delete" : "manifest-delete");
        Access.Right right =
                access.requireDelete(exchange, principal, name, reference, () -> PullManifest.unknown(reference));
        deleteManifest.delete(
                name,
                reference,
                exchange.header("If-Match"),
                exchange.header(IF_NONE_MATCH),
                Access.origin(exchange, principal, right));
        exchange.answer(202);
    }
}
