package io.berth.registry;

import io.berth.config.BerthConfig;
import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.db.Tx;
import io.berth.http.EntityTags;
import io.berth.http.Principal;
import io.berth.oci.Descriptor;
import io.berth.oci.Digest;
import io.berth.oci.ErrorCode;
import io.berth.oci.Json;
import io.berth.oci.Manifest;
import io.berth.oci.ManifestParser;
import io.berth.oci.MediaType;
import io.berth.oci.OciException;
import io.berth.oci.Reference;
import io.berth.oci.RepositoryName;
import io.berth.oci.Tag;
import io.berth.project.Charges;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Takes a manifest in: reads it once in memory, then one short transaction checks what it refers to and stores manifest,
 * references and tags. Thread-safe.
 */
final class PushManifest {
    private final Database database;
    private final RegistryCache cache;
    private final Leases leases;
    private final Repositories repositories;
    private final boolean acceptMissing;

    PushManifest(
            Database database,
            RegistryCache cache,
            Leases leases,
            Repositories repositories,
            BerthConfig.MissingReferences missingReferences) {
        this.database = database;
        this.repositories = repositories;
        this.cache = cache;
        this.leases = leases;
        this.acceptMissing = missingReferences == BerthConfig.MissingReferences.ACCEPT;
    }

    /**
     * A push. {@code ifMatch} and {@code ifNoneMatch} are headers and may be null; {@code aboutSubject} throws when something
     * about that manifest may not be pushed, and else gives what asks that again.
     *
     * @param copied whether it and all that it refers to comes from where the principal may pull it
     */
    record Request(
            RepositoryName repository,
            Reference reference,
            List<Tag> tags,
            String contentType,
            byte[] content,
            String ifMatch,
            String ifNoneMatch,
            Principal principal,
            Change.Origin origin,
            boolean copied,
            Function<Digest, Change.Gate> aboutSubject) {
        private Request through(Change.Gate gate) {
            return new Request(
                    repository,
                    reference,
                    tags,
                    contentType,
                    content,
                    ifMatch,
                    ifNoneMatch,
                    principal,
                    origin.through(gate),
                    copied,
                    aboutSubject);
        }
    }

    /** What was stored. */
    record Pushed(Digest digest, Optional<Digest> subject) {}

    /**
     * Stores the manifest and points its tags at it, all or nothing.
     *
     * @throws OciException {@code MANIFEST_INVALID}, {@code DIGEST_INVALID}, {@code MANIFEST_BLOB_UNKNOWN}, {@code
     *     DENIED}, {@code PRECONDITION_FAILED}
     */
    Pushed push(Request asked) {
        Digest digest = digest(asked);
        Manifest manifest = ManifestParser.parse(asked.content(), asked.contentType());
        Request request = manifest.subject()
                .map(subject -> asked.through(asked.aboutSubject().apply(subject.digest())))
                .orElse(asked);
        String annotations = manifest.annotations().isEmpty() ? null : Json.write(manifest.annotations());
        Proofs.Holder holder = request.copied()
                ? Proofs.Holder.OF_ALL
                : repositories.holder(request.principal(), request.repository());
        database.write(tx -> {
            store(tx, request, digest, manifest, annotations, holder);
            return null;
        });
        return new Pushed(digest, manifest.subject().map(Descriptor::digest));
    }

    private static Digest digest(Request request) {
        return switch (request.reference()) {
            case Tag tag -> Digest.of(Digest.Algorithm.SHA256, request.content());
            case Digest expected -> {
                Digest actual = Digest.of(expected.algorithm(), request.content());
                if (!actual.equals(expected)) {
                    throw new OciException(ErrorCode.DIGEST_INVALID, "the manifest has another digest")
                            .detail("expected", expected.toString())
                            .detail("actual", actual.toString());
                }
                yield actual;
            }
        };
    }

    private void store(
            Tx tx, Request request, Digest digest, Manifest manifest, String annotations, Proofs.Holder holder) {
        request.origin().gate().require(tx); // before anything is told of what is there
        RepositoryName name = request.repository();
        RepositoryDao.Repository repository = repositories.forPush(tx, name, request.principal(), request.origin());
        List<Tag> tags = request.reference() instanceof Tag tag ? List.of(tag) : request.tags();
        checkConditions(tx, request, repository, holder);

        ManifestDao manifests = tx.dao(ManifestDao.class);
        long leasedUntil = leases.from(tx.nowMillis());
        Optional<ManifestDao.ManifestKey> existing = manifests.find(repository.id(), digest.toString());
        long id;
        if (existing.isPresent()) {
            id = existing.get().id();
            manifests.touch(id, manifest.mediaType(), leasedUntil, tx.nowMillis());
        } else {
            manifests.putContent(digest.toString(), request.content());
            id = manifests.insert(
                    repository.id(),
                    digest.toString(),
                    manifest.mediaType(),
                    manifest.artifactType().orElse(null),
                    manifest.subject()
                            .map(subject -> subject.digest().toString())
                            .orElse(null),
                    annotations,
                    request.content().length,
                    leasedUntil,
                    tx.nowMillis());
            Charges.link(tx, repository.projectId(), digest.toString(), request.content().length);
            manifests.resolveChild(repository.id(), digest.toString());
            if (!repository.listed()) {
                tx.dao(RepositoryDao.class).list(repository.id());
            }
        }
        refer(tx, repository, id, manifest, holder, existing.isPresent());
        holder.note(tx, repository.id(), digest, leasedUntil);
        if (tags.isEmpty()) {
            tx.dao(BlobDao.class).review("MANIFEST", name + "@" + digest, leasedUntil);
        }
        tx.change(new Change(
                "manifest-put",
                name + "@" + digest,
                Json.object(
                        "mediaType",
                        manifest.mediaType(),
                        "artifactType",
                        manifest.artifactType().orElse(null),
                        "subject",
                        manifest.subject()
                                .map(subject -> subject.digest().toString())
                                .orElse(null),
                        "size",
                        request.content().length),
                request.origin()));
        boolean namesChanged = false;
        for (Tag tag : tags) {
            namesChanged |= point(tx, name, repository, tag, id, digest, request.origin());
        }
        follow(tx, request, repository, manifest, digest, tags, id, leasedUntil, namesChanged);
    }

    private void follow(
            Tx tx,
            Request request,
            RepositoryDao.Repository repository,
            Manifest manifest,
            Digest digest,
            List<Tag> tags,
            long id,
            long leasedUntil,
            boolean namesChanged) {
        RepositoryName name = request.repository();
        var cached = new RegistryCache.CachedManifest(
                id, digest.toString(), manifest.mediaType(), request.content(), leasedUntil);
        tx.afterCommit(() -> {
            cache.changed(name);
            cache.put(name, digest, cached);
            tags.forEach(tag -> cache.put(name, tag, cached));
            if (namesChanged) {
                cache.namesChanged(name.value());
            }
            if (!repository.listed()) {
                cache.namesChanged(ListNames.ALL_REPOSITORIES);
            }
        });
    }

    private static void checkConditions(
            Tx tx, Request request, RepositoryDao.Repository repository, Proofs.Holder holder) {
        if (request.ifMatch() == null && request.ifNoneMatch() == null) {
            return;
        }
        String current = switch (request.reference()) {
            case Tag tag ->
                tx.dao(TagDao.class).digest(repository.id(), tag.name()).orElse(null);
            case Digest digest ->
                tx.dao(ManifestDao.class)
                        .find(repository.id(), digest.toString())
                        .filter(found -> holder.mayReferTo(tx, repository.id(), digest))
                        .map(found -> digest.toString())
                        .orElse(null);
        };
        if (request.ifMatch() != null && !EntityTags.matchesStrongly(request.ifMatch(), current)) {
            throw new OciException(ErrorCode.PRECONDITION_FAILED, "If-Match does not hold: " + describe(current));
        }
        if (request.ifNoneMatch() != null && EntityTags.matches(request.ifNoneMatch(), current)) {
            throw new OciException(ErrorCode.PRECONDITION_FAILED, "If-None-Match does not hold: " + describe(current));
        }
    }

    private static String describe(String current) {
        return current == null ? "there is no such manifest" : "it is " + current;
    }

    private record Named(Descriptor descriptor, String kind, boolean found) {}

    // What it names is judged before what it named is forgotten: that may be why the caller may pull it.
    private void refer(
            Tx tx,
            RepositoryDao.Repository repository,
            long id,
            Manifest manifest,
            Proofs.Holder holder,
            boolean again) {
        ManifestDao manifests = tx.dao(ManifestDao.class);
        BlobDao blobs = tx.dao(BlobDao.class);
        List<Named> all = new ArrayList<>();
        for (Descriptor blob : manifest.blobs()) {
            boolean foreign = MediaType.isNonDistributable(blob.mediaType());
            Optional<BlobDao.Blob> found = blobs.findIn(
                            repository.id(), blob.digest().toString())
                    .filter(present -> !present.state().equals(BlobDao.DAMAGED))
                    .filter(present -> isKnown(tx, repository, blob, "blob", holder, again));
            requirePresent(found.isPresent() || foreign, blob, "blob");
            found.ifPresent(present -> {
                requireSize(blob, present.size());
                if (!present.state().equals(BlobDao.LIVE)) {
                    blobs.setState(present.digest(), BlobDao.LIVE, tx.nowMillis());
                }
            });
            all.add(new Named(blob, foreign && found.isEmpty() ? "FOREIGN" : "BLOB", found.isPresent()));
        }
        for (Descriptor child : manifest.manifests()) {
            Optional<ManifestDao.ManifestKey> found = manifests
                    .find(repository.id(), child.digest().toString())
                    .filter(present -> isKnown(tx, repository, child, "manifest", holder, again));
            requirePresent(found.isPresent(), child, "manifest");
            found.ifPresent(present -> requireSize(child, present.size()));
            all.add(new Named(child, "MANIFEST", found.isPresent()));
        }
        if (again) {
            // What was missing may have come since, and what was there may be gone.
            manifests.deleteReferences(id);
        }
        for (Named named : all) {
            manifests.refer(
                    id,
                    named.descriptor().digest().toString(),
                    repository.id(),
                    named.kind(),
                    named.descriptor().size(),
                    named.found());
        }
    }

    // A manifest refers to the same under each of its tags: what is there for others cannot be missing to the caller
    // then.
    private static boolean isKnown(
            Tx tx,
            RepositoryDao.Repository repository,
            Descriptor descriptor,
            String what,
            Proofs.Holder holder,
            boolean again) {
        boolean known = holder.mayReferTo(tx, repository.id(), descriptor.digest());
        if (!known && again) {
            throw missing(descriptor, what);
        }
        return known;
    }

    private void requirePresent(boolean present, Descriptor descriptor, String what) {
        if (!present && !acceptMissing) {
            throw missing(descriptor, what);
        }
    }

    private static OciException missing(Descriptor descriptor, String what) {
        return new OciException(
                        ErrorCode.MANIFEST_BLOB_UNKNOWN,
                        "the repository does not have the " + what + " " + descriptor.digest() + ", push it first")
                .detail("digest", descriptor.digest().toString());
    }

    private static void requireSize(Descriptor descriptor, long actual) {
        if (descriptor.size() != actual) {
            throw new OciException(
                            ErrorCode.MANIFEST_INVALID,
                            "the descriptor of %s says %d bytes, it has %d"
                                    .formatted(descriptor.digest(), descriptor.size(), actual))
                    .detail("digest", descriptor.digest().toString());
        }
    }

    /** Points a tag at a manifest; true when the tag is new. */
    static boolean point(
            Tx tx,
            RepositoryName name,
            RepositoryDao.Repository repository,
            Tag tag,
            long manifest,
            Digest digest,
            Change.Origin origin) {
        TagDao tags = tx.dao(TagDao.class);
        String previous = tags.digest(repository.id(), tag.name()).orElse(null);
        if (digest.toString().equals(previous)) {
            return false;
        }
        tags.put(repository.id(), tag.name(), manifest, digest.toString(), tx.nowMillis());
        tags.history(repository.id(), tag.name(), digest.toString(), previous, origin.actor(), tx.nowMillis());
        tx.change(new Change(
                "tag-set", name + ":" + tag, Json.object("digest", digest.toString(), "previous", previous), origin));
        if (previous != null) {
            tx.dao(BlobDao.class).review("MANIFEST", name + "@" + previous, tx.nowMillis());
        }
        return previous == null;
    }
}
