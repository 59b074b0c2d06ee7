package io.berth.registry;

import com.fasterxml.jackson.databind.JsonNode;
import io.berth.config.BerthConfig;
import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.http.Principal;
import io.berth.oci.Digest;
import io.berth.oci.ErrorCode;
import io.berth.oci.Manifest;
import io.berth.oci.ManifestParser;
import io.berth.oci.MediaType;
import io.berth.oci.OciException;
import io.berth.oci.RepositoryName;
import io.berth.oci.Tag;
import io.berth.store.BlobStore;
import io.berth.store.UploadState;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.random.RandomGenerator;

/**
 * Takes the repositories of a docker-registry (distribution) in: blobs verified by digest, then manifests, children before
 * the indexes that name them, then tags. It goes the way of a push, so what is there already is skipped, and an import that
 * was cut off is finished by running it again. For one thread.
 */
public final class RegistryImport {
    private static final Principal IMPORTER = new Principal("import", "import", true);
    private static final Change.Origin ORIGIN = new Change.Origin("import", null, null, null);

    /** What was done. */
    public record Report(int repositories, long blobs, long bytes, long manifests, long tags, List<String> damage) {}

    /** Hears how far the import has come. */
    @FunctionalInterface
    public interface Progress {
        /** Blobs of so many of so many bytes have been dealt with. */
        void bytes(long done, long total);
    }

    private final Database database;
    private final BlobStore store;
    private final CommitBlob commitBlob;
    private final PushManifest pushManifest;
    private final BlobStore.Take how;
    private final boolean move;
    private final boolean dryRun;
    private final Progress progress;
    private final Clock clock;
    private final RandomGenerator random;
    private final List<String> damage = new ArrayList<>();
    private final Set<Digest> seen = new LinkedHashSet<>();
    private final Set<Digest> bad = new LinkedHashSet<>();
    private long total;
    private long done;
    private long blobs;
    private long bytes;
    private long manifests;
    private long tags;

    /**
     * @param missingReferences what to do with manifests whose blobs the tree does not have
     * @param move whether each file is removed once its blob is durable here
     * @param dryRun whether to check only
     */
    public RegistryImport(
            Database database,
            BlobStore store,
            BerthConfig config,
            BerthConfig.MissingReferences missingReferences,
            BlobStore.Take how,
            boolean move,
            boolean dryRun,
            Progress progress,
            Clock clock,
            RandomGenerator random) {
        this.database = database;
        this.store = store;
        this.how = how;
        this.move = move;
        this.dryRun = dryRun;
        this.progress = progress;
        this.clock = clock;
        this.random = random;
        var cache = new RegistryCache(1 << 20);
        var leases = new Leases(clock, config.registry().uploadExpiry());
        commitBlob =
                new CommitBlob(database, store, cache, leases, config.storage().inlineLimit());
        pushManifest = new PushManifest(database, cache, leases, missingReferences);
    }

    /** @throws IOException when {@code directory} is no such tree, or the store cannot be written */
    public Report run(Path directory) throws IOException {
        var tree = new DistributionTree(directory);
        total = tree.size();
        List<String> names = tree.repositories();
        for (String name : names) {
            try {
                importRepository(tree, name, RepositoryName.parse(name));
            } catch (OciException e) {
                damage.add(name + ": " + e.getMessage());
            }
        }
        progress.bytes(total, total);
        return new Report(names.size(), blobs, bytes, manifests, tags, List.copyOf(damage));
    }

    private void importRepository(DistributionTree tree, String folder, RepositoryName name) throws IOException {
        for (Digest layer : tree.links(folder, "_layers")) {
            importBlob(tree, name, layer);
        }
        importManifests(tree, folder, name);
    }

    // Whether the repository has the blob afterwards.
    private boolean importBlob(DistributionTree tree, RepositoryName name, Digest digest) throws IOException {
        boolean linked = database.read(tx -> tx.dao(BlobDao.class)
                .findLinked(name.value(), digest.toString())
                .isPresent());
        Optional<Path> file = tree.blob(digest);
        if (seen.add(digest)) {
            done += file.map(DistributionTree::size).orElse(0L);
            progress.bytes(done, total);
        }
        if (linked) {
            return true;
        }
        boolean stored = database.read(
                tx -> tx.dao(BlobDao.class).find(digest.toString()).isPresent());
        if (!stored && (file.isEmpty() || !verified(file.get(), digest))) {
            if (file.isEmpty() && bad.add(digest)) {
                damage.add(name + ": the bytes of " + digest + " are missing, no readable file of the tree, or moved");
            }
            return false;
        }
        if (dryRun) {
            return true;
        }
        var state = new UploadState(new UUID(random.nextLong(), random.nextLong()), random.nextLong(), 0);
        if (!stored) {
            bytes += DistributionTree.size(file.get());
            blobs++;
            state = store.take(state, file.get(), how);
        }
        var session = new UploadSession(
                name, IMPORTER.name(), digest.algorithm(), store, state, clock.millis(), Uploads.NO_ROW);
        commitBlob.commit(session, digest, IMPORTER, ORIGIN);
        if (move && !stored) {
            Files.deleteIfExists(file.get());
        }
        return true;
    }

    private boolean verified(Path file, Digest digest) {
        if (bad.contains(digest)) {
            return false;
        }
        MessageDigest hash = digest.algorithm().newHash();
        try (InputStream in = Files.newInputStream(file)) {
            byte[] buffer = new byte[1 << 20];
            int count;
            while ((count = in.read(buffer)) > 0) {
                hash.update(buffer, 0, count);
            }
        } catch (IOException e) {
            bad.add(digest);
            damage.add(file + ": cannot be read (" + e + ")");
            return false;
        }
        if (!Digest.finish(digest.algorithm(), hash.digest()).equals(digest)) {
            bad.add(digest);
            damage.add(file + ": has other bytes than its digest says");
            return false;
        }
        return true;
    }

    private record Revision(byte[] content, String mediaType, Manifest manifest) {}

    private void importManifests(DistributionTree tree, String folder, RepositoryName name) throws IOException {
        Map<Digest, List<Tag>> tagsOf = tagsByDigest(tree, folder, name);
        Map<Digest, Revision> waiting = new LinkedHashMap<>();
        for (Digest digest : tree.links(folder, "_manifests/revisions")) {
            read(tree, name, digest).ifPresent(revision -> waiting.put(digest, revision));
        }
        for (Digest tagged : tagsOf.keySet()) {
            if (!waiting.containsKey(tagged)) {
                damage.add(name + ": tags " + tagsOf.get(tagged) + " name " + tagged + ", which cannot be imported");
            }
        }
        // Children first: whoever names one that still waits waits for it.
        boolean progressed = true;
        while (progressed && !waiting.isEmpty()) {
            progressed = false;
            for (Digest digest : List.copyOf(waiting.keySet())) {
                Revision revision = waiting.get(digest);
                boolean ready = revision.manifest().manifests().stream()
                        .noneMatch(child -> waiting.containsKey(child.digest()));
                if (ready) {
                    waiting.remove(digest);
                    push(tree, name, digest, revision, tagsOf.getOrDefault(digest, List.of()));
                    progressed = true;
                }
            }
        }
        waiting.keySet().forEach(digest -> damage.add(name + ": manifest " + digest + " names itself through others"));
    }

    private Map<Digest, List<Tag>> tagsByDigest(DistributionTree tree, String folder, RepositoryName name)
            throws IOException {
        Map<Digest, List<Tag>> all = new LinkedHashMap<>();
        for (String tag : tree.tags(folder)) {
            Optional<Digest> digest = tree.tag(folder, tag);
            try {
                if (digest.isEmpty()) {
                    damage.add(name + ":" + tag + " has no readable link");
                } else {
                    all.computeIfAbsent(digest.get(), unused -> new ArrayList<>())
                            .add(Tag.parse(tag));
                }
            } catch (OciException e) {
                damage.add(name + ":" + tag + ": " + e.getMessage());
            }
        }
        return all;
    }

    private Optional<Revision> read(DistributionTree tree, RepositoryName name, Digest digest) {
        Optional<Path> file = tree.blob(digest);
        try {
            if (file.isEmpty()) {
                throw new OciException(ErrorCode.MANIFEST_UNKNOWN, "its bytes are missing");
            }
            byte[] content = Files.readAllBytes(file.get());
            if (!Digest.of(digest.algorithm(), content).equals(digest)) {
                throw new OciException(ErrorCode.DIGEST_INVALID, "its bytes have another digest");
            }
            String mediaType = mediaType(content);
            return Optional.of(new Revision(content, mediaType, ManifestParser.parse(content, mediaType)));
        } catch (OciException | IOException e) {
            damage.add(name + ": manifest " + digest + ": " + e.getMessage());
            return Optional.empty();
        }
    }

    // OCI documents need not say what they are; then their members do.
    private static String mediaType(byte[] content) throws IOException {
        JsonNode document = Json.MAPPER.readTree(content);
        String declared = document.path("mediaType").asText("");
        if (!declared.isEmpty()) {
            return declared;
        }
        if (document.has("fsLayers")) {
            return MediaType.DOCKER_MANIFEST_V1;
        }
        return document.has("manifests") ? MediaType.OCI_INDEX : MediaType.OCI_MANIFEST;
    }

    private void push(DistributionTree tree, RepositoryName name, Digest digest, Revision revision, List<Tag> names)
            throws IOException {
        for (var blob : revision.manifest().blobs()) {
            if (!MediaType.isNonDistributable(blob.mediaType())) {
                importBlob(tree, name, blob.digest());
            }
        }
        manifests++;
        tags += names.size();
        if (dryRun) {
            return;
        }
        try {
            pushManifest.push(new PushManifest.Request(
                    name, digest, names, revision.mediaType(), revision.content(), null, null, IMPORTER, ORIGIN));
        } catch (OciException e) {
            manifests--;
            tags -= names.size();
            damage.add(name + ": manifest " + digest + ": " + e.getMessage());
        }
    }
}
