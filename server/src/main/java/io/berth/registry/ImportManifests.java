package io.berth.registry;

import com.fasterxml.jackson.databind.JsonNode;
import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.http.Principal;
import io.berth.oci.Descriptor;
import io.berth.oci.Digest;
import io.berth.oci.Json;
import io.berth.oci.Manifest;
import io.berth.oci.ManifestParser;
import io.berth.oci.MediaType;
import io.berth.oci.OciException;
import io.berth.oci.RepositoryName;
import io.berth.oci.Tag;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Takes the manifests and tags of one repository of a docker-registry's tree in, children before the indexes that name
 * them. For one thread; one object for each repository.
 */
final class ImportManifests {
    private final DistributionTree tree;
    private final String folder;
    private final RepositoryName name;
    private final Database database;
    private final ImportBlobs blobs;
    private final PushManifest pushManifest;
    private final RegistryImport.Mode mode;
    private final RegistryImport.Progress progress;
    private final Principal principal;
    private final Change.Origin origin;
    private final Set<Digest> unsupported = new HashSet<>();
    private final Set<Digest> failed = new HashSet<>();
    private Set<Digest> revisions = Set.of();
    private long count;
    private long tags;

    ImportManifests(
            DistributionTree tree,
            String folder,
            RepositoryName name,
            Database database,
            ImportBlobs blobs,
            PushManifest pushManifest,
            RegistryImport.Mode mode,
            RegistryImport.Progress progress,
            Principal principal,
            Change.Origin origin) {
        this.tree = tree;
        this.folder = folder;
        this.name = name;
        this.database = database;
        this.blobs = blobs;
        this.pushManifest = pushManifest;
        this.mode = mode;
        this.progress = progress;
        this.principal = principal;
        this.origin = origin;
    }

    private record Revision(byte[] content, String mediaType, Manifest manifest) {}

    /** @throws IOException when the store cannot be written */
    void run() throws IOException {
        Map<Digest, List<Tag>> tagsOf = tagsByDigest();
        List<Digest> listed = tree.links(folder, "_manifests/revisions");
        revisions = Set.copyOf(listed);
        // Indexes wait for their children. Only names wait: all the manifests of a repository may not fit into memory.
        Map<Digest, List<Digest>> waiting = new LinkedHashMap<>();
        for (Digest digest : listed) {
            Optional<Revision> revision = read(digest);
            if (revision.isEmpty()) {
                continue;
            }
            List<Digest> children = revision.get().manifest().manifests().stream()
                    .map(Descriptor::digest)
                    .toList();
            if (children.isEmpty()) {
                bring(digest, revision.get(), tagsOf.getOrDefault(digest, List.of()));
            } else {
                waiting.put(digest, children);
            }
        }
        while (!waiting.isEmpty()) {
            List<Digest> ready = waiting.entrySet().stream()
                    .filter(entry -> entry.getValue().stream().noneMatch(waiting::containsKey))
                    .map(Map.Entry::getKey)
                    .toList();
            if (ready.isEmpty()) {
                break; // a circle, which digests make impossible
            }
            for (Digest digest : ready) {
                waiting.remove(digest);
                Optional<Revision> revision = read(digest);
                if (revision.isPresent()) {
                    bring(digest, revision.get(), tagsOf.getOrDefault(digest, List.of()));
                }
            }
        }
        tagsOf.forEach((digest, names) -> tellLost(digest, names));
    }

    /** Manifests that came in, or would have; those that were here already are not counted. */
    long count() {
        return count;
    }

    /** Tags that were set, or would have been. */
    long tags() {
        return tags;
    }

    /** Manifests of a kind that Berth does not take. */
    long unsupported() {
        return unsupported.size();
    }

    private void tellLost(Digest digest, List<Tag> names) {
        if (unsupported.contains(digest)) {
            progress.note(name + ": tags " + names + " are left out with their manifest " + digest);
        } else if (!revisions.contains(digest)) {
            progress.damage(name + ": tags " + names + " name " + digest + ", which the repository does not have");
        } else if (failed.contains(digest)) {
            progress.damage(name + ": tags " + names + " name " + digest + ", which cannot be imported");
        }
    }

    private Map<Digest, List<Tag>> tagsByDigest() {
        Map<Digest, List<Tag>> all = new LinkedHashMap<>();
        boolean alias = folder.indexOf('/') < 0;
        for (String tag : tree.tags(folder)) {
            try {
                Tag parsed = Tag.parse(tag);
                if (alias && tree.hasTag(name.value(), tag)) {
                    progress.note(folder + ":" + tag + " is left out: the tree has " + name + ":" + tag + ", too");
                    continue;
                }
                tree.tag(folder, tag)
                        .ifPresent(digest -> all.computeIfAbsent(digest, unused -> new ArrayList<>())
                                .add(parsed));
            } catch (OciException e) {
                progress.damage(name + ":" + tag + ": " + e.getMessage());
            }
        }
        return all;
    }

    private Optional<Revision> read(Digest digest) {
        String what = name + ": manifest " + digest + ": ";
        try {
            Path file = tree.blob(digest);
            if (Files.size(file) > mode.maxManifestSize()) {
                return refuse(digest, what + "is larger than registry.max-manifest-size");
            }
            byte[] content = Files.readAllBytes(file);
            Digest actual = Digest.of(digest.algorithm(), content);
            if (!actual.equals(digest)) {
                return refuse(digest, what + "its bytes have the digest " + actual);
            }
            String mediaType = mediaType(content);
            if (mediaType.equals(MediaType.DOCKER_MANIFEST_V1)
                    || mediaType.equals(MediaType.DOCKER_MANIFEST_V1_SIGNED)) {
                if (unsupported.add(digest)) {
                    progress.note(what + "is of Docker's schema 1, which is not supported");
                }
                return Optional.empty();
            }
            return Optional.of(new Revision(content, mediaType, ManifestParser.parse(content, mediaType)));
        } catch (OciException e) {
            return refuse(digest, what + e.getMessage());
        } catch (NoSuchFileException e) {
            return refuse(digest, what + "its bytes are missing");
        } catch (IOException e) {
            return refuse(digest, what + e.getMessage());
        }
    }

    private Optional<Revision> refuse(Digest digest, String why) {
        failed.add(digest);
        progress.damage(why);
        return Optional.empty();
    }

    // OCI documents need not say what they are; then their members do.
    private static String mediaType(byte[] content) throws IOException {
        JsonNode document = Json.MAPPER.readTree(content);
        String declared = document.path("mediaType").asText("");
        if (!declared.isEmpty()) {
            return declared;
        }
        if (document.has("fsLayers") || document.path("schemaVersion").asInt() == 1) {
            return MediaType.DOCKER_MANIFEST_V1;
        }
        return document.has("manifests") ? MediaType.OCI_INDEX : MediaType.OCI_MANIFEST;
    }

    private void bring(Digest digest, Revision revision, List<Tag> named) throws IOException {
        Optional<Descriptor> absent = firstAbsent(revision.manifest());
        if (absent.isPresent() && !mode.acceptSparse()) {
            refuse(
                    digest,
                    name + ": manifest " + digest + ": needs " + absent.get().digest()
                            + ", which is missing or damaged");
            return;
        }
        boolean whole = database.read(tx -> tx.dao(ImportDao.class).countWhole(name.value(), digest.toString())) > 0;
        List<Tag> toSet = named.stream().filter(tag -> maySet(tag, digest)).toList();
        if (whole && toSet.isEmpty()) {
            return;
        }
        if (!mode.dryRun()) {
            try {
                pushManifest.push(new PushManifest.Request(
                        name,
                        digest,
                        toSet,
                        revision.mediaType(),
                        revision.content(),
                        null,
                        null,
                        principal,
                        origin,
                        true,
                        subject -> Change.Gate.OPEN));
            } catch (OciException e) {
                refuse(digest, name + ": manifest " + digest + ": " + e.getMessage());
                return;
            }
        }
        count += whole ? 0 : 1;
        tags += toSet.size();
    }

    // A tag that somebody has moved or deleted here since an earlier import is theirs.
    private boolean maySet(Tag tag, Digest digest) {
        record Here(Optional<String> digest, Optional<String> actor) {}
        Here here = database.read(tx -> {
            ImportDao dao = tx.dao(ImportDao.class);
            return new Here(dao.tag(name.value(), tag.name()), dao.lastActor(name.value(), tag.name()));
        });
        if (here.digest().filter(digest.toString()::equals).isPresent()) {
            return false;
        }
        if (here.actor().isPresent() && !here.actor().get().equals(principal.name())) {
            progress.note(name + ":" + tag + " stays as it is: " + here.actor().get() + " has changed it here");
            return false;
        }
        return true;
    }

    private Optional<Descriptor> firstAbsent(Manifest manifest) throws IOException {
        Descriptor absent = null;
        for (Descriptor blob : manifest.blobs()) {
            if (!MediaType.isNonDistributable(blob.mediaType())
                    && blobs.bring(name, blob.digest()) != ImportBlobs.Outcome.PRESENT
                    && absent == null) {
                absent = blob;
            }
        }
        Stream<Descriptor> children = manifest.manifests().stream().filter(child -> isAbsent(child.digest()));
        return absent == null ? children.findFirst() : Optional.of(absent);
    }

    private boolean isAbsent(Digest child) {
        boolean imported = revisions.contains(child) && !failed.contains(child) && !unsupported.contains(child);
        return !imported
                && database.read(tx -> tx.dao(ManifestDao.class).findByDigest(name.value(), child.toString()))
                        .isEmpty();
    }
}
