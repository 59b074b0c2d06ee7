package io.berth.registry;

import io.berth.access.Authorizer;
import io.berth.access.VisibleRepositories;
import io.berth.config.BerthConfig;
import io.berth.db.Database;
import io.berth.http.AuditSink;
import io.berth.http.Authentication;
import io.berth.http.ByteLimiter;
import io.berth.http.RateLimiter;
import io.berth.oci.RepositoryName;
import io.berth.project.Projects;
import io.berth.store.BlobStore;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.cache.CaffeineCacheMetrics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;

/** The parts of the registry, wired. */
public final class Registry {
    private final V2Endpoint endpoint;
    private final Uploads uploads;
    private final Artifacts artifacts;
    private final FreeSpace freeSpace;
    private final DoomedObjects doomedObjects;
    private final PullCounts pullCounts;
    private final Database database;
    private final Projects projects;
    private final BlobStore store;

    /**
     * @param readOnly whether nothing may be changed now
     * @param cacheBytes memory for manifests, small blobs and pages of names
     */
    public Registry(
            BerthConfig config,
            Database database,
            BlobStore store,
            Authentication authentication,
            Authorizer authorizer,
            Projects projects,
            VisibleRepositories visible,
            BooleanSupplier readOnly,
            AuditSink audit,
            ByteLimiter bodyMemory,
            MeterRegistry meters,
            long cacheBytes,
            Clock clock,
            RandomGenerator random) {
        this.database = database;
        this.projects = projects;
        this.store = store;
        var rules = config.registry();
        var cache = new RegistryCache(cacheBytes);
        CaffeineCacheMetrics.monitor(meters, cache.manifestCache(), "manifests");
        CaffeineCacheMetrics.monitor(meters, cache.blobCache(), "blobs");
        var leases = new Leases(clock, rules.uploadExpiry());
        var access = new Access(authorizer, authentication, projects, audit);
        var disks = new LinkedHashMap<String, FreeSpace.Disk>();
        disks.put("blobs", store::usableSpace);
        Path databaseDirectory = config.database().directory();
        disks.put("the database", () -> Files.getFileStore(databaseDirectory).getUsableSpace());
        freeSpace = new FreeSpace(disks, config.storage().minFree(), System::nanoTime);

        var repositories = new Repositories(projects, Proofs.of(authorizer));
        var commitBlob = new CommitBlob(
                database, store, cache, leases, repositories, config.storage().inlineLimit());
        uploads = new Uploads(
                database, store, commitBlob, rules, config.storage().inlineLimit(), freeSpace, clock, random);
        Gauge.builder("berth.uploads.open", this, Registry::openUploads)
                .description("Unfinished uploads")
                .register(meters);
        doomedObjects = new DoomedObjects(database, store);

        var pushManifest = new PushManifest(database, cache, leases, repositories, rules.missingReferences());
        var deleteManifest = new DeleteManifest(database, cache);
        artifacts = new Artifacts(database, cache, leases, repositories, pushManifest, deleteManifest);
        pullCounts = new PullCounts(database, clock);
        var manifests = new ManifestRoutes(
                access,
                new PullManifest(database, cache, leases),
                pushManifest,
                deleteManifest,
                rules.maxManifestSize(),
                bodyMemory,
                pullCounts);
        var blobs =
                new BlobRoutes(access, new PullBlob(database, store, cache, leases), new DeleteBlob(database, cache));
        var uploadRoutes = new UploadRoutes(
                access, uploads, new MountBlob(database, authorizer, repositories, cache, leases), rules.maxBlobSize());
        var lists = new ListRoutes(access, new ListNames(database, cache, visible), new ListReferrers(database));
        endpoint = new V2Endpoint(
                authentication,
                new RateLimiter(config.limits().requestsPerSecond(), System::nanoTime),
                readOnly,
                access,
                manifests,
                blobs,
                uploadRoutes,
                lists);
    }

    /**
     * Brings store and database in order after a stop of any kind; before the first request.
     *
     * @throws IOException when the store cannot be used
     */
    public void recover() throws IOException {
        Recovery.run(database, store);
        uploads.countEarlier();
        database.write(tx -> {
            projects.ensureDefault(tx, RepositoryName.DEFAULT_PROJECT);
            return null;
        });
    }

    /** Begins to write how often what is pulled, until the result is closed. */
    public AutoCloseable countPulls() {
        pullCounts.start();
        return pullCounts;
    }

    /** {@code /v2/}. */
    public V2Endpoint endpoint() {
        return endpoint;
    }

    public Uploads uploads() {
        return uploads;
    }

    /** What the APIs beside {@code /v2/} do to content. */
    public Artifacts artifacts() {
        return artifacts;
    }

    /** Unfinished uploads, those that no request has touched since the start among them. */
    public long openUploads() {
        return database.read(tx -> tx.dao(UploadDao.class).count());
    }

    /** What is wrong with the space for blobs, or null. */
    public String spaceProblem() {
        return freeSpace.problem();
    }

    /** What has to be done now and then: expiry of uploads, deletion of objects that nothing names. */
    public void maintain() {
        uploads.expire();
        doomedObjects.delete();
    }
}
