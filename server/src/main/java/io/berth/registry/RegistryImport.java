package io.berth.registry;

import io.berth.access.Grants;
import io.berth.access.ProjectAuthorizer;
import io.berth.config.BerthConfig;
import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.http.Principal;
import io.berth.identity.AccessVersion;
import io.berth.identity.Robots;
import io.berth.oci.Digest;
import io.berth.oci.OciException;
import io.berth.oci.RepositoryName;
import io.berth.project.Projects;
import io.berth.site.SiteSettings;
import io.berth.store.BlobStore;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Takes the repositories of a docker-registry (distribution) in: blobs verified by digest, then manifests, children before
 * the indexes that name them, then tags. It goes the way of a push, so what is there already is skipped, and an import that
 * was cut off is finished by running it again. For one thread, while no server runs.
 */
public final class RegistryImport {
    private static final Principal IMPORTER = new Principal(Principal.Kind.SYSTEM, 0, "import", "import");
    private static final Change.Origin ORIGIN = Change.Origin.by("import");
    private static final int KEPT = 1000;

    /**
     * What was done.
     *
     * @param repositories of the tree
     * @param unsupported manifests that are of no kind that Berth takes
     * @param damaged how many things of the tree could not be taken in; {@code damage} has the first 1000 of them
     * @param notes the first 1000 things that were left out or stayed as they were, which is no damage
     */
    public record Report(
            int repositories,
            long blobs,
            long bytes,
            long manifests,
            long tags,
            long unsupported,
            long damaged,
            List<String> damage,
            List<String> notes) {}

    /** Hears how far the import has come and what it comes upon, on its thread. */
    @FunctionalInterface
    public interface Progress {
        /** Blobs of so many of so many bytes have been dealt with. */
        void bytes(long done, long total);

        /** Something of the tree is missing or wrong and stays out. */
        default void damage(String text) {}

        /** Something stays out, or as it is, and that is right. */
        default void note(String text) {}
    }

    /**
     * How to do it.
     *
     * @param move whether each file is removed once its blob is durable here
     * @param maxManifestSize bytes
     */
    record Mode(BlobStore.Take take, boolean move, boolean dryRun, boolean acceptSparse, long maxManifestSize) {}

    private final Database database;
    private final BlobStore store;
    private final Projects projects;
    private final CommitBlob commitBlob;
    private final PushManifest pushManifest;
    private final Mode mode;
    private final Listening progress;
    private final Clock clock;
    private final RandomGenerator random;

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
        this.mode = new Mode(
                how,
                move,
                dryRun,
                missingReferences == BerthConfig.MissingReferences.ACCEPT,
                config.registry().maxManifestSize());
        this.progress = new Listening(progress);
        this.clock = clock;
        this.random = random;
        var cache = new RegistryCache(1 << 20);
        var leases = new Leases(clock, config.registry().uploadExpiry());
        projects = offlineProjects(database, config, random);
        var repositories = new Repositories(projects);
        commitBlob = new CommitBlob(
                database, store, cache, leases, repositories, config.storage().inlineLimit());
        pushManifest = new PushManifest(database, cache, leases, repositories, missingReferences);
    }

    private static Projects offlineProjects(Database database, BerthConfig config, RandomGenerator random) {
        var version = new AccessVersion();
        var site = new SiteSettings(database);
        return new Projects(
                database,
                site,
                config.projects(),
                new ProjectAuthorizer(database, version, new TagPaths(database), false),
                new Grants(database, version),
                new Robots(database, random, site, version),
                version);
    }

    /** @throws IOException when {@code directory} is no such tree, or the store cannot be written */
    public Report run(Path directory) throws IOException {
        var tree = new DistributionTree(directory, progress::damage);
        if (!mode.dryRun()) {
            Recovery.run(database, store); // of an import that was cut off
            database.write(tx -> {
                projects.ensureDefault(tx, RepositoryName.DEFAULT_PROJECT);
                return null;
            });
        }
        var blobs = new ImportBlobs(tree, database, store, commitBlob, mode, progress, clock, random, IMPORTER, ORIGIN);
        List<String> names = tree.repositories();
        long manifests = 0;
        long tags = 0;
        long unsupported = 0;
        for (String folder : names) {
            try {
                RepositoryName name = RepositoryName.parse(folder);
                importLayers(tree, blobs, folder, name);
                var repository = new ImportManifests(
                        tree, folder, name, database, blobs, pushManifest, mode, progress, IMPORTER, ORIGIN);
                repository.run();
                manifests += repository.count();
                tags += repository.tags();
                unsupported += repository.unsupported();
            } catch (OciException e) {
                progress.damage(folder + ": " + e.getMessage());
            }
        }
        blobs.finish();
        return new Report(
                names.size(),
                blobs.count(),
                blobs.bytes(),
                manifests,
                tags,
                unsupported,
                progress.damaged,
                List.copyOf(progress.damage),
                List.copyOf(progress.notes));
    }

    private void importLayers(DistributionTree tree, ImportBlobs blobs, String folder, RepositoryName name)
            throws IOException {
        long stale = 0;
        for (Digest layer : tree.links(folder, "_layers")) {
            stale += blobs.bring(name, layer) == ImportBlobs.Outcome.MISSING ? 1 : 0;
        }
        if (stale > 0) {
            // Its garbage collection removes blobs and leaves the links. A manifest that needs one will say so.
            progress.note(name + ": " + stale + " links to layers that the registry has collected are left out");
        }
    }

    /** Counts and keeps the first of what it hands on. */
    private static final class Listening implements Progress {
        private final Progress listener;
        private final List<String> damage = new ArrayList<>();
        private final List<String> notes = new ArrayList<>();
        private long damaged;

        Listening(Progress listener) {
            this.listener = listener;
        }

        @Override
        public void bytes(long done, long total) {
            listener.bytes(done, total);
        }

        @Override
        public void damage(String text) {
            damaged++;
            keep(damage, text);
            listener.damage(text);
        }

        @Override
        public void note(String text) {
            keep(notes, text);
            listener.note(text);
        }

        private static void keep(List<String> list, String text) {
            if (list.size() < KEPT) {
                list.add(text);
            }
        }
    }
}
