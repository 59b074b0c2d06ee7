package io.berth.registry;

import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.db.Tx;
import io.berth.http.Principal;
import io.berth.oci.Descriptor;
import io.berth.oci.Digest;
import io.berth.oci.ErrorCode;
import io.berth.oci.Json;
import io.berth.oci.Manifest;
import io.berth.oci.ManifestParser;
import io.berth.oci.OciException;
import io.berth.oci.Reference;
import io.berth.oci.RepositoryName;
import io.berth.oci.Tag;
import io.berth.project.Charges;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the APIs beside {@code /v2/} do to content: tags, deletes with what hangs on them, copies. Thread-safe. */
public final class Artifacts {
    private static final int AT_ONCE = 100;
    private static final Logger LOG = LoggerFactory.getLogger(Artifacts.class);
    private static final int MAX_DEPTH = 8;
    private static final int MAX_SAID = 1000;
    private static final List<String> SAID_BY_TAG = List.of("", ".sig", ".att", ".sbom");

    private final Database database;
    private final RegistryCache cache;
    private final Leases leases;
    private final Repositories repositories;
    private final PushManifest pushManifest;
    private final DeleteManifest deleteManifest;

    Artifacts(
            Database database,
            RegistryCache cache,
            Leases leases,
            Repositories repositories,
            PushManifest pushManifest,
            DeleteManifest deleteManifest) {
        this.database = database;
        this.cache = cache;
        this.leases = leases;
        this.repositories = repositories;
        this.pushManifest = pushManifest;
        this.deleteManifest = deleteManifest;
    }

    /** The digest that a tag or digest names; empty when there is no such manifest. */
    public Optional<Digest> find(RepositoryName name, Reference reference) {
        return database.read(tx -> {
            ManifestDao manifests = tx.dao(ManifestDao.class);
            return (switch (reference) {
                        case Tag tag -> manifests.findByTag(name.value(), tag.name());
                        case Digest digest -> manifests.findByDigest(name.value(), digest.toString());
                    })
                    .map(found -> Digest.parse(found.digest()));
        });
    }

    /**
     * Gives a manifest a tag more.
     *
     * @throws OciException {@code MANIFEST_UNKNOWN}; {@code CONFLICT} when the repository has the tag, whatever it names
     */
    public void createTag(RepositoryName name, Digest digest, Tag tag, Change.Origin origin) {
        database.write(tx -> {
            origin.gate().require(tx);
            RepositoryDao.Repository repository = require(tx, name);
            ManifestDao.ManifestKey manifest = tx.dao(ManifestDao.class)
                    .find(repository.id(), digest.toString())
                    .orElseThrow(() -> PullManifest.unknown(digest));
            if (tx.dao(TagDao.class).digest(repository.id(), tag.name()).isPresent()) {
                throw new OciException(
                        ErrorCode.CONFLICT, "tag " + tag + " already exists under the repository " + repository.id());
            }
            PushManifest.point(tx, name, repository, tag, manifest.id(), digest, origin);
            tx.afterCommit(() -> {
                cache.changed(name);
                cache.namesChanged(name.value());
            });
            return null;
        });
    }

    /** Removes a tag alone. @throws OciException {@code MANIFEST_UNKNOWN} */
    public void deleteTag(RepositoryName name, Tag tag, Change.Origin origin) {
        deleteManifest.delete(name, tag, null, null, origin);
    }

    /**
     * Deletes a manifest with its tags, and with it what is said about it and about nothing else.
     *
     * @throws OciException {@code MANIFEST_UNKNOWN}; {@code PRECONDITION} for the child of a present index
     */
    public void delete(RepositoryName name, Digest digest, Change.Origin origin) {
        database.write(tx -> {
            origin.gate().require(tx);
            RepositoryDao.Repository repository = require(tx, name);
            if (tx.dao(ManifestDao.class)
                    .referringManifest(repository.id(), digest.toString())
                    .isPresent()) {
                throw new OciException(ErrorCode.PRECONDITION, "the deleting artifact is referenced by others");
            }
            Deque<Digest> doomed = new ArrayDeque<>(List.of(digest));
            Set<Digest> seen = new HashSet<>(doomed);
            while (!doomed.isEmpty()) {
                Digest next = doomed.pop();
                for (Accessory about : about(tx, repository, next)) {
                    about.tag()
                            .ifPresent(
                                    tag -> deleteManifest.removeTag(tx, name, repository, tag, about.digest(), origin));
                    if (!seen.contains(about.digest()) && isAboutNothingElse(tx, repository, about.digest(), seen)) {
                        seen.add(about.digest());
                        doomed.push(about.digest());
                    }
                }
                if (!deleteManifest.remove(tx, name, repository, next, origin) && next.equals(digest)) {
                    throw PullManifest.unknown(digest);
                }
            }
            return null;
        });
    }

    // Somebody could call anything a signature, and so delete what they may not.
    private static boolean isAboutNothingElse(
            Tx tx, RepositoryDao.Repository repository, Digest digest, Set<Digest> doomed) {
        ManifestDao manifests = tx.dao(ManifestDao.class);
        boolean named = tx.dao(TagDao.class).tagsOf(repository.id(), digest.toString()).stream()
                .anyMatch(tag -> new Tag(tag).subject().filter(doomed::contains).isEmpty());
        boolean aboutAnother = manifests
                .subjectOf(repository.id(), digest.toString())
                .filter(subject -> !doomed.contains(Digest.parse(subject)))
                .isPresent();
        return !named
                && !aboutAnother
                && manifests
                        .referringManifest(repository.id(), digest.toString())
                        .isEmpty();
    }

    /** What is said about a manifest, and the tag by which it is found where that is how. */
    private record Accessory(Digest digest, Optional<Tag> tag) {}

    // Referrers, and what clients tag with the digest: cosign, and those of registries without a referrers API
    private static List<Accessory> about(Tx tx, RepositoryDao.Repository repository, Digest digest) {
        List<Accessory> about = new ArrayList<>();
        tx.dao(ManifestDao.class)
                .about(repository.id(), digest.toString())
                .forEach(one -> about.add(new Accessory(Digest.parse(one), Optional.empty())));
        for (String ending : SAID_BY_TAG) {
            Tag tag = new Tag(digest.toString().replace(':', '-') + ending);
            tx.dao(TagDao.class)
                    .digest(repository.id(), tag.name())
                    .ifPresent(one -> about.add(new Accessory(Digest.parse(one), Optional.of(tag))));
        }
        return about;
    }

    private static RepositoryDao.Repository require(Tx tx, RepositoryName name) {
        return tx.dao(RepositoryDao.class)
                .find(name.value())
                .orElseThrow(() -> new OciException(ErrorCode.NAME_UNKNOWN, "repository " + name + " not found"));
    }

    /** Says what a repository is for. @throws OciException {@code NAME_UNKNOWN} */
    public void describe(RepositoryName name, String description, Change.Origin origin) {
        database.write(tx -> {
            origin.gate().require(tx);
            RepositoryDao.Repository repository = require(tx, name);
            tx.dao(RepositoryDao.class).describe(repository.id(), description, tx.nowMillis());
            tx.change(
                    new Change("repository-described", name.value(), Json.object("description", description), origin));
            return null;
        });
    }

    /**
     * Deletes a repository with all that it holds. A large one goes in pieces, so that others may write in between; what a
     * failure leaves is deleted by the next try.
     *
     * @throws OciException {@code NAME_UNKNOWN}
     */
    public void deleteRepository(RepositoryName name, Change.Origin origin) {
        database.read(tx -> require(tx, name));
        deletePieces(name, origin);
    }

    /**
     * Deletes the repositories that a project has now, with everything in them; those that pushes make meanwhile may stay.
     */
    public void deleteRepositories(long project, Change.Origin origin) {
        String after = "";
        while (true) {
            String last = after;
            List<String> names = database.read(tx -> tx.dao(RepositoryDao.class).of(project, last, AT_ONCE));
            if (names.isEmpty()) {
                return;
            }
            names.forEach(name -> deletePieces(new RepositoryName(name), origin));
            after = names.getLast();
        }
    }

    private void deletePieces(RepositoryName name, Change.Origin origin) {
        while (database.write(tx -> deletePiece(tx, name, origin))) {
            // until nothing is left
        }
    }

    // false when the repository is gone
    private boolean deletePiece(Tx tx, RepositoryName name, Change.Origin origin) {
        Optional<RepositoryDao.Repository> found = tx.dao(RepositoryDao.class).find(name.value());
        if (found.isEmpty()) {
            return false;
        }
        RepositoryDao.Repository repository = found.get();
        List<String> manifests = tx.dao(ManifestDao.class).in(repository.id(), AT_ONCE);
        if (!manifests.isEmpty()) {
            manifests.forEach(digest -> deleteManifest.remove(tx, name, repository, Digest.parse(digest), origin));
            return true;
        }
        List<String> blobs = tx.dao(RepositoryDao.class).blobs(repository.id(), AT_ONCE);
        for (String blob : blobs) {
            // Another transaction may have unlinked it since, and has released it then.
            if (tx.dao(BlobDao.class).unlink(repository.id(), blob) > 0) {
                Charges.unlink(tx, repository.projectId(), blob);
                tx.dao(BlobDao.class).review("BLOB", blob, tx.nowMillis());
            }
        }
        tx.afterCommit(() -> {
            cache.changed(name);
            blobs.forEach(blob -> cache.removeBlob(name, Digest.parse(blob)));
        });
        if (blobs.size() == AT_ONCE) {
            return true;
        }
        tx.dao(RepositoryDao.class).deleteHistory(repository.id());
        tx.dao(RepositoryDao.class).delete(repository.id());
        tx.change(new Change("repository-deleted", name.value(), "{}", origin));
        tx.afterCommit(() -> {
            cache.namesChanged(name.value());
            cache.namesChanged(ListNames.ALL_REPOSITORIES);
        });
        return false;
    }

    /**
     * Copies a manifest with all that it refers to, and what is said about any of it, into another repository, whose project
     * is charged. Nothing is copied that is there already; a signature's tag that the other repository has stays as it is. What
     * is said and cannot be copied (it goes, is damaged, is said about what is said too often) is left behind; at most
     * {@value MAX_SAID} are copied.
     *
     * @param tag what to call the copy; empty for its digest alone
     * @throws OciException {@code MANIFEST_UNKNOWN}; {@code DENIED} when the project's quota has no room
     */
    public void copy(
            RepositoryName from,
            Digest digest,
            RepositoryName to,
            Optional<Tag> tag,
            Principal principal,
            Change.Origin origin) {
        var copying = new Copying(from, to, principal, origin);
        copying.copy(digest, 0);
        // Last, so that the tag is moved when all is there.
        tag.ifPresent(name -> copying.push(name, copying.stored(digest)));
    }

    /** One copy on its way. */
    private final class Copying {
        private final RepositoryName from;
        private final RepositoryName to;
        private final Principal principal;
        private final Change.Origin origin;
        private final Set<Digest> done = new HashSet<>();
        private int said;

        Copying(RepositoryName from, RepositoryName to, Principal principal, Change.Origin origin) {
            this.from = from;
            this.to = to;
            this.principal = principal;
            this.origin = origin;
        }

        void copy(Digest digest, int depth) {
            done.add(digest);
            if (depth == MAX_DEPTH) {
                throw new OciException(ErrorCode.MANIFEST_INVALID, "what is to be copied is nested too deeply");
            }
            ManifestDao.StoredManifest stored = stored(digest);
            Manifest manifest = ManifestParser.parse(stored.content(), stored.mediaType());
            // What it names without having been shown to have it may be somebody else's.
            Set<String> held =
                    Set.copyOf(database.read(tx -> tx.dao(ManifestDao.class).resolved(stored.id())));
            for (Descriptor child : manifest.manifests()) {
                if (held.contains(child.digest().toString()) && !done.contains(child.digest())) {
                    copy(child.digest(), depth + 1);
                }
            }
            link(manifest.blobs().stream()
                    .filter(blob -> held.contains(blob.digest().toString()))
                    .toList());
            push(digest, stored);
            for (Accessory accessory : said(digest)) {
                if (said < MAX_SAID && depth + 1 < MAX_DEPTH) {
                    said++;
                    take(accessory, depth + 1);
                }
            }
        }

        private void take(Accessory accessory, int depth) {
            try {
                if (!done.contains(accessory.digest())) {
                    copy(accessory.digest(), depth);
                }
                if (accessory.tag().isPresent()) {
                    push(accessory.tag().get(), stored(accessory.digest()));
                }
            } catch (OciException e) {
                LOG.warn("{} about what is copied from {} to {} stays behind: {}", accessory, from, to, e.getMessage());
            }
        }

        private ManifestDao.StoredManifest stored(Digest digest) {
            return database.read(tx -> tx.dao(ManifestDao.class)
                    .findByDigest(from.value(), digest.toString())
                    .orElseThrow(() -> PullManifest.unknown(digest)));
        }

        void push(Reference reference, ManifestDao.StoredManifest stored) {
            pushManifest.push(new PushManifest.Request(
                    to,
                    reference,
                    List.of(),
                    stored.mediaType(),
                    stored.content(),
                    null,
                    null,
                    principal,
                    origin,
                    true,
                    subject -> Change.Gate.OPEN));
        }

        private void link(List<Descriptor> blobs) {
            database.write(tx -> {
                RepositoryDao.Repository target = repositories.forPush(tx, to, principal, origin);
                for (Descriptor blob : blobs) {
                    String digest = blob.digest().toString();
                    tx.dao(BlobDao.class)
                            .findLinked(from.value(), digest)
                            .filter(linked -> !linked.state().equals(BlobDao.DAMAGED))
                            .ifPresent(linked -> {
                                tx.dao(BlobDao.class).setState(digest, BlobDao.LIVE, tx.nowMillis());
                                Repositories.link(
                                        tx, to, target, digest, linked.size(), leases.from(tx.nowMillis()), origin);
                            });
                }
                tx.afterCommit(() -> cache.changed(to));
                return null;
            });
        }

        // Those whose tags the other repository has not: a signature there is not lost by a copy.
        private List<Accessory> said(Digest digest) {
            return database.read(tx -> {
                RepositoryDao.Repository source = require(tx, from);
                RepositoryDao.Repository target = require(tx, to);
                return about(tx, source, digest).stream()
                        .filter(accessory -> accessory
                                .tag()
                                .flatMap(tag -> tx.dao(TagDao.class).digest(target.id(), tag.name()))
                                .isEmpty())
                        .toList();
            });
        }
    }
}
