package io.berth.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.berth.access.Grant;
import io.berth.access.Grants;
import io.berth.access.Permission;
import io.berth.access.ProjectAuthorizer;
import io.berth.access.Roles;
import io.berth.access.Target;
import io.berth.config.BerthConfig;
import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.db.TestDatabase;
import io.berth.http.Principal;
import io.berth.identity.Accounts;
import io.berth.identity.TestIdentity;
import io.berth.oci.Digest;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import io.berth.oci.RepositoryName;
import io.berth.oci.Tag;
import io.berth.project.Project;
import io.berth.project.TestProjects;
import io.berth.store.FileBlobStore;
import io.berth.store.UploadWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** A right that is taken away between the decision and the commit: nothing happens, and nothing is left behind. */
@ParameterizedClass
@EnumSource(TestDatabase.class)
class RightsAtCommitTest {
    private static final Change.Origin ORIGIN = Change.Origin.by("test");
    private static final RepositoryName APP = RepositoryName.parse("team/app");
    private static final RepositoryName OTHER = RepositoryName.parse("other/app");
    private static final Tag V1 = new Tag("v1");
    private static final byte[] BLOB = "a layer".getBytes(StandardCharsets.UTF_8);
    private static final byte[] SECOND = "another layer".getBytes(StandardCharsets.UTF_8);

    /** A database beside whose next transaction something else happens first. */
    private static final class Between implements Database {
        private final Database database;
        private Runnable before = () -> {};

        Between(Database database) {
            this.database = database;
        }

        void beforeTheNextWrite(Runnable action) {
            before = () -> {
                before = () -> {};
                action.run();
            };
        }

        @Override
        public <T> T read(Work<T> work) {
            return database.read(work);
        }

        @Override
        public <T> T write(Work<T> work) {
            before.run();
            return database.write(work);
        }

        @Override
        public <T> CompletableFuture<T> writeLater(Work<T> work) {
            return database.writeLater(work);
        }

        @Override
        public boolean isShared() {
            return database.isShared();
        }

        @Override
        public int queued() {
            return database.queued();
        }

        @Override
        public void close() {
            database.close();
        }
    }

    @Parameter
    TestDatabase kind;

    @TempDir
    Path directory;

    private Between database;
    private TestIdentity identity;
    private Grants grants;
    private ProjectAuthorizer authorizer;
    private Uploads uploads;
    private PushManifest pushManifest;
    private DeleteManifest deleteManifest;
    private DeleteBlob deleteBlob;
    private MountBlob mountBlob;
    private Artifacts artifacts;
    private Principal dev;
    private Grant grant;
    private Grant ofOther;

    @BeforeEach
    void begin() throws Exception {
        var clock = Clock.systemUTC();
        database = new Between(kind.open(directory, clock, new Random(1)));
        identity = new TestIdentity(database, clock);
        new Roles(database, identity.version).ensureBuiltIn();
        grants = new Grants(database, identity.version);
        authorizer = new ProjectAuthorizer(
                database, identity.version, new TagPaths(database), true, identity.credentials::standsFor);
        var rules = new BerthConfig.Registry(
                false,
                BerthConfig.Challenge.TOKEN,
                false,
                BerthConfig.MissingReferences.REFUSE,
                8 << 20,
                0,
                Duration.ofHours(24),
                0);
        var store = new FileBlobStore(directory.resolve("blobs"), new UploadWriter(2, Long.MAX_VALUE));
        var cache = new RegistryCache(1 << 20);
        var leases = new Leases(clock, rules.uploadExpiry());
        var projects = TestProjects.of(database);
        var repositories = new Repositories(projects, Proofs.of(authorizer));
        var commitBlob = new CommitBlob(database, store, cache, leases, repositories, 1024);
        uploads = new Uploads(
                database,
                store,
                commitBlob,
                rules,
                1024,
                new FreeSpace(Map.of(), 0, System::nanoTime),
                clock,
                new java.security.SecureRandom());
        mountBlob = new MountBlob(database, authorizer, repositories, cache, leases);
        pushManifest = new PushManifest(database, cache, leases, repositories, rules.missingReferences());
        deleteManifest = new DeleteManifest(database, cache);
        deleteBlob = new DeleteBlob(database, cache);
        artifacts = new Artifacts(database, cache, leases, repositories, pushManifest, deleteManifest);

        Project team = projects.create("team", false, -1L, Map.of(), TestProjects.SYSTEM, ORIGIN);
        Project other = projects.create("other", false, -1L, Map.of(), TestProjects.SYSTEM, ORIGIN);
        long id = identity.accounts
                .create("dev", "Passw0rd", Accounts.Profile.EMPTY, false, ORIGIN)
                .id();
        dev = identity.authenticator
                .authenticate(TestIdentity.basic("dev", "Passw0rd"), new io.berth.http.RequestSource("::1", "r"))
                .orElseThrow();
        grant = grants.add(Grants.Wanted.member(Grant.SubjectKind.USER, id, team.id(), "maintainer"), ORIGIN);
        ofOther = grants.add(Grants.Wanted.member(Grant.SubjectKind.USER, id, other.id(), "guest"), ORIGIN);
        pushBlob(APP, BLOB, ORIGIN);
        pushBlob(OTHER, SECOND, ORIGIN);
    }

    @AfterEach
    void close() {
        database.close();
    }

    private void pushBlob(RepositoryName to, byte[] blob, Change.Origin origin) throws java.io.IOException {
        Principal who = origin == ORIGIN ? TestProjects.SYSTEM : dev;
        uploads.pushWhole(to, who, digest(blob), UploadWorld.body(blob), origin);
    }

    private static Digest digest(byte[] content) {
        return Digest.of(Digest.Algorithm.SHA256, content);
    }

    private static byte[] manifest(String note) {
        return """
                {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":%1$s,"layers":[],
                "annotations":{"n":"%2$s"}}""".formatted(
                        "{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"" + digest(BLOB)
                                + "\",\"size\":" + BLOB.length + "}",
                        note)
                .getBytes(StandardCharsets.UTF_8);
    }

    private void push(byte[] manifest, Change.Origin origin) {
        pushManifest.push(new PushManifest.Request(
                APP,
                V1,
                List.of(),
                "application/vnd.oci.image.manifest.v1+json",
                manifest,
                null,
                null,
                origin == ORIGIN ? TestProjects.SYSTEM : dev,
                origin,
                false,
                subject -> Change.Gate.OPEN));
    }

    /** What is allowed now. */
    private Change.Origin allowed(Permission permission, Target target) {
        Change.Gate gate = authorizer.gate(dev, permission, target);
        assertThat(authorizer.decide(dev, permission, target).allowed()).isTrue();
        return Change.Origin.by("dev").through(gate);
    }

    private Change.Origin mayPush() {
        return allowed(Permission.PUSH, Target.content(APP, V1));
    }

    private String everything() {
        return database.read(tx -> tx.dao(GateRows.class).everything().toString());
    }

    private void revoke() {
        grants.remove(grant.id(), ORIGIN);
    }

    /** Refused when {@code taken} happens before the commit, as if it had never been asked for. */
    private void refused(Runnable taken, ThrowingCallable change) {
        String before = everything();
        database.beforeTheNextWrite(taken);
        assertThatThrownBy(change)
                .isInstanceOfSatisfying(
                        OciException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DENIED));
        assertThat(everything()).isEqualTo(before);
    }

    @Test
    void aManifestIsNotStoredAndItsTagNotMoved() {
        push(manifest("one"), ORIGIN);
        Change.Origin origin = mayPush();
        refused(this::revoke, () -> push(manifest("two"), origin));
        assertThat(artifacts.find(APP, V1)).contains(digest(manifest("one")));
    }

    @Test
    void aTagIsNotMovedToWhatIsThere() {
        push(manifest("one"), ORIGIN);
        push(manifest("two"), ORIGIN);
        Change.Origin origin = mayPush();
        refused(this::revoke, () -> push(manifest("one"), origin));
        assertThat(artifacts.find(APP, V1)).contains(digest(manifest("two")));
    }

    @Test
    void aBlobIsNotCommitted() {
        Change.Origin origin = allowed(Permission.PUSH, Target.repository(APP));
        refused(this::revoke, () -> pushBlob(APP, "not to be stored".getBytes(StandardCharsets.UTF_8), origin));
    }

    @Test
    void aBlobOfAFileIsNotCommittedAndLeavesNoFile() throws Exception {
        byte[] large = new byte[5000];
        Change.Origin origin = allowed(Permission.PUSH, Target.repository(APP));
        UploadSession session = uploads.open(APP, dev, Digest.Algorithm.SHA256);
        session.awaitRow();
        uploads.append(session, null, UploadWorld.body(large));
        refused(
                this::revoke,
                () -> uploads.finish(session, digest(large), null, UploadWorld.body(new byte[0]), dev, origin));
        uploads.cancel(session);
        try (var files = java.nio.file.Files.walk(directory.resolve("blobs"))) {
            assertThat(files.filter(
                            file -> file.toFile().length() == large.length && java.nio.file.Files.isRegularFile(file)))
                    .isEmpty();
        }
    }

    @Test
    void aManifestIsNotDeletedByItsDigestNorATagByItsName() {
        push(manifest("one"), ORIGIN);
        Digest digest = digest(manifest("one"));
        Change.Origin byDigest = allowed(Permission.ARTIFACT_DELETE, Target.content(APP, digest));
        Change.Origin byTag = allowed(Permission.TAG_DELETE, Target.content(APP, V1));
        Change.Origin harbors = allowed(Permission.ARTIFACT_DELETE, Target.content(APP, digest));
        refused(this::revoke, () -> deleteManifest.delete(APP, digest, null, null, byDigest));
        refused(() -> {}, () -> deleteManifest.delete(APP, V1, null, null, byTag));
        refused(() -> {}, () -> artifacts.delete(APP, digest, harbors));
        refused(() -> {}, () -> artifacts.deleteRepository(APP, harbors));
        assertThat(artifacts.find(APP, V1)).contains(digest);
    }

    @Test
    void aBlobIsNotDeleted() {
        Change.Origin origin = allowed(Permission.ARTIFACT_DELETE, Target.repository(APP));
        refused(this::revoke, () -> deleteBlob.delete(APP, digest(BLOB), origin));
    }

    @Test
    void nothingIsMountedFromWhereNothingMayBePulledAnyMore() {
        Change.Origin origin = allowed(Permission.PUSH, Target.repository(APP));
        refused(
                () -> grants.remove(ofOther.id(), ORIGIN),
                () -> mountBlob.mount(APP, digest(SECOND), Optional.of(OTHER), dev, origin));
    }

    @Test
    void anAccountThatIsDisabledHasNoRightLeft() {
        Change.Origin origin = mayPush();
        refused(() -> identity.accounts.setDisabled(dev.id(), true, ORIGIN), () -> push(manifest("one"), origin));
    }

    @Test
    void aPasswordThatIsChangedHasNoRightLeft() {
        Change.Origin origin = mayPush();
        refused(
                () -> identity.accounts.setPassword(dev.id(), "An0therOne", ORIGIN),
                () -> push(manifest("one"), origin));
    }

    @Test
    void whatChangesForOthersIsNoHindrance() {
        Change.Origin origin = mayPush();
        database.beforeTheNextWrite(
                () -> identity.accounts.create("somebody", "Passw0rd", Accounts.Profile.EMPTY, false, ORIGIN));
        push(manifest("one"), origin);
        assertThat(artifacts.find(APP, V1)).contains(digest(manifest("one")));
    }
}
