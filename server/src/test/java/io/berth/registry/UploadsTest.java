package io.berth.registry;

import static io.berth.registry.UploadWorld.ADMIN;
import static io.berth.registry.UploadWorld.NAME;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.berth.db.Change;
import io.berth.http.Principal;
import io.berth.oci.Digest;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import io.berth.oci.RepositoryName;
import io.berth.store.ChunkSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UploadsTest {
    @TempDir
    Path directory;

    private UploadWorld world;

    @BeforeEach
    void open() throws IOException {
        world = new UploadWorld(directory);
    }

    @AfterEach
    void close() {
        world.close();
    }

    private static byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    private static Digest digest(byte[] content) {
        return Digest.of(Digest.Algorithm.SHA256, content);
    }

    private static void refused(ErrorCode code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        OciException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    private static String id(UploadSession session) {
        return session.state().id().toString();
    }

    @Test
    void aCancelledUploadIsUnknownAtOnce() throws IOException {
        UploadSession session = world.open();
        world.settle(); // its row is there
        world.uploads.append(session, null, UploadWorld.body(bytes(5000)));
        world.uploads.cancel(session);
        refused(ErrorCode.BLOB_UPLOAD_UNKNOWN, () -> world.find(id(session)));
        world.settle();
        refused(ErrorCode.BLOB_UPLOAD_UNKNOWN, () -> world.find(id(session)));
        assertThat(world.uploadFiles()).isEmpty();
        assertThat(world.uploads.open()).isZero();
    }

    @Test
    void anUploadThatIsOverBeforeItsRowWasMadeCostsNone() throws Exception {
        var busy = new CountDownLatch(1);
        var release = new CountDownLatch(1);
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            threads.submit(() -> world.database.write(tx -> {
                busy.countDown();
                UploadWorld.await(release);
                return null;
            }));
            busy.await();
            UploadSession cancelled = world.open();
            world.uploads.cancel(cancelled);
            assertThat(cancelled.row()).isCancelled();

            UploadSession small = world.open();
            CompletableFuture<?> row = small.row();
            byte[] content = bytes(10);
            Future<Object> finished = threads.submit(() -> {
                world.finish(small, digest(content), UploadWorld.body(content));
                return null;
            });
            assertThatThrownBy(() -> row.get(10, TimeUnit.SECONDS)).isInstanceOf(CancellationException.class);
            release.countDown();
            finished.get();
            assertThat(world.content(digest(content))).isEqualTo(content);
        }
        assertThat(world.rows()).isEmpty();
        assertThat(world.uploads.open()).isZero();
    }

    @Test
    void anUploadWhoseEndWasRefusedHasItsRow() throws IOException {
        var stranger = new Principal(Principal.Kind.USER, 2, "eve", "password:2:x");
        RepositoryName nowhere = RepositoryName.parse("elsewhere/app");
        UploadSession session = world.uploads.open(nowhere, stranger, Digest.Algorithm.SHA256);
        byte[] content = bytes(10);
        refused(
                ErrorCode.DENIED,
                () -> world.uploads.finish(
                        session, digest(content), null, UploadWorld.body(content), stranger, Change.Origin.SYSTEM));
        world.restart(true);
        assertThat(world.rows()).extracting(UploadDao.UploadRow::id).containsExactly(id(session));
        assertThat(world.uploads.find(id(session), nowhere, stranger).size()).isZero();
    }

    @Test
    void whoHasFoundAnUploadBeforeItEndedCannotGoOn() throws IOException {
        UploadSession session = world.open();
        UploadSession other = world.find(id(session));
        world.uploads.cancel(session);
        refused(ErrorCode.BLOB_UPLOAD_UNKNOWN, () -> world.uploads.append(other, null, UploadWorld.body(bytes(10))));
        refused(ErrorCode.BLOB_UPLOAD_UNKNOWN, () -> world.finish(other, digest(bytes(0)), UploadWorld.body(bytes(0))));
        assertThat(world.uploadFiles()).isEmpty();
    }

    @Test
    void anUploadBelongsToItsRepositoryAndPrincipal() throws IOException {
        String id = id(world.open());
        for (int i = 0; i < 2; i++) {
            refused(ErrorCode.BLOB_UPLOAD_UNKNOWN, () -> world.uploads.find(id, RepositoryName.parse("a/b"), ADMIN));
            refused(
                    ErrorCode.BLOB_UPLOAD_UNKNOWN,
                    () -> world.uploads.find(id, NAME, new Principal(Principal.Kind.USER, 2, "eve", "password:2:x")));
            refused(ErrorCode.BLOB_UPLOAD_UNKNOWN, () -> world.find("no-uuid"));
            refused(ErrorCode.BLOB_UPLOAD_UNKNOWN, () -> world.find("0190b0c4-7e1d-4f00-8000-000000000001"));
            assertThat(world.find(id).size()).isZero();
            world.restart(false);
        }
    }

    @Test
    void pushingTheSameLayerTwiceStoresItOnce() throws IOException {
        byte[] content = bytes(50_000);
        for (int i = 0; i < 2; i++) {
            world.uploads.pushWhole(NAME, ADMIN, digest(content), UploadWorld.body(content), Change.Origin.SYSTEM);
        }
        try (var keys = world.store.keys()) {
            assertThat(keys).hasSize(1);
        }
        assertThat(world.content(digest(content))).isEqualTo(content);
        assertThat(world.uploadFiles()).isEmpty();
        world.settle();
        assertThat(world.rows()).isEmpty();
    }

    @Test
    void aSmallBlobLiesInTheDatabaseAndNeedsNoRowOfItsUpload() throws IOException {
        byte[] content = bytes(UploadWorld.INLINE_LIMIT);
        world.uploads.pushWhole(NAME, ADMIN, digest(content), UploadWorld.body(content), Change.Origin.SYSTEM);
        assertThat(world.blob(digest(content)).orElseThrow().store()).isEqualTo(BlobDao.INLINE);
        assertThat(world.content(digest(content))).isEqualTo(content);
        assertThat(world.uploads.open()).isZero();
    }

    @Test
    void anEmptyChunkBeforeASmallEndLeavesNoEmptyFile() throws IOException {
        byte[] content = bytes(10);
        UploadSession session = world.open();
        world.uploads.append(session, null, UploadWorld.chunked(new byte[0]));
        world.finish(session, digest(content), UploadWorld.body(content));
        assertThat(world.content(digest(content))).isEqualTo(content);
        assertThat(world.uploadFiles()).isEmpty();
    }

    @Test
    void aWholePushWithAWrongDigestLeavesNothing() throws IOException {
        for (int size : new int[] {10, 50_000}) {
            refused(
                    ErrorCode.DIGEST_INVALID,
                    () -> world.uploads.pushWhole(
                            NAME, ADMIN, digest(bytes(1)), UploadWorld.body(bytes(size)), Change.Origin.SYSTEM));
        }
        world.settle();
        assertThat(world.rows()).isEmpty();
        assertThat(world.uploadFiles()).isEmpty();
        assertThat(world.uploads.open()).isZero();
        assertThat(world.blob(digest(bytes(10)))).isEmpty();
    }

    @Test
    void aBlobWhoseObjectWasLostIsHealedByTheNextPush() throws IOException {
        byte[] content = bytes(50_000);
        world.uploads.pushWhole(NAME, ADMIN, digest(content), UploadWorld.body(content), Change.Origin.SYSTEM);
        var lost = world.blob(digest(content)).orElseThrow();
        world.store.delete(new io.berth.store.ObjectKey(digest(content), lost.generation()));
        world.uploads.pushWhole(NAME, ADMIN, digest(content), UploadWorld.body(content), Change.Origin.SYSTEM);
        assertThat(world.content(digest(content))).isEqualTo(content);
        assertThat(world.blob(digest(content)).orElseThrow().generation()).isNotEqualTo(lost.generation());
    }

    @Test
    void anUploadWhoseFileWasLostIsNotAcknowledged() throws IOException {
        byte[] content = bytes(50_000);
        UploadSession session = world.open();
        world.uploads.append(session, null, UploadWorld.body(content));
        for (String file : world.uploadFiles()) {
            java.nio.file.Files.delete(world.blobs.resolve("uploads").resolve(file));
        }
        assertThatThrownBy(() -> world.finish(session, digest(content), UploadWorld.body(new byte[0])))
                .isInstanceOf(IOException.class);
        assertThat(world.blob(digest(content))).isEmpty();
    }

    @Test
    void anIdleUploadExpiresAndABusyOneDoesNot() throws IOException {
        UploadSession idle = world.open();
        UploadSession busy = world.open();
        world.uploads.append(idle, null, UploadWorld.body(bytes(5000)));
        world.settle();
        world.clock.advance(UploadWorld.EXPIRY.minusMinutes(1));
        world.uploads.append(busy, null, UploadWorld.body(bytes(10)));
        world.uploads.expire();
        assertThat(world.find(id(idle)).size()).isEqualTo(5000);
        world.clock.advance(Duration.ofMinutes(2));
        world.uploads.expire();
        refused(ErrorCode.BLOB_UPLOAD_UNKNOWN, () -> world.find(id(idle)));
        assertThat(world.find(id(busy)).size()).isEqualTo(10);
        world.settle();
        assertThat(world.rows())
                .singleElement()
                .satisfies(row -> assertThat(row.id()).isEqualTo(id(busy)));
        assertThat(world.uploadFiles()).hasSize(1);
    }

    @Test
    void aBusyUploadEndsWhenItHasGoneOnForTooLong() throws IOException {
        byte[] content = bytes(4000);
        UploadSession session = world.open();
        world.uploads.append(session, null, UploadWorld.body(content));
        world.settle();
        Duration step = UploadWorld.EXPIRY.minusHours(1);
        Duration open = Duration.ZERO;
        Duration longest = Leases.longestUpload(UploadWorld.EXPIRY);
        while (open.plus(step).compareTo(longest) <= 0) {
            world.clock.advance(step);
            open = open.plus(step);
            world.uploads.append(session, null, UploadWorld.body(new byte[0]));
            world.uploads.expire();
        }
        assertThat(world.find(id(session))).isSameAs(session);
        world.restart(false);
        UploadSession again = world.find(id(session));
        world.clock.advance(longest.minus(open).plusMillis(1));
        // Before anybody has looked for what is over.
        refused(ErrorCode.BLOB_UPLOAD_UNKNOWN, () -> world.uploads.append(again, null, UploadWorld.body(bytes(10))));
        refused(
                ErrorCode.BLOB_UPLOAD_UNKNOWN,
                () -> world.finish(again, digest(content), UploadWorld.body(new byte[0])));
        refused(ErrorCode.BLOB_UPLOAD_UNKNOWN, () -> world.find(id(session)));
        world.uploads.expire();
        world.settle();
        assertThat(world.rows()).isEmpty();
        assertThat(world.uploadFiles()).isEmpty();
        assertThat(world.uploads.open()).isZero();
    }

    @Test
    void anUploadWhoseLastRequestTakesTooLongIsNotCommitted() throws IOException {
        byte[] content = bytes(4000);
        UploadSession session = world.open();
        var slow = new Uploads.Body(
                new io.berth.store.ChunkSource() {
                    private boolean sent;

                    @Override
                    public java.nio.ByteBuffer next() {
                        world.clock.advance(Duration.ofHours(30));
                        java.nio.ByteBuffer piece = sent ? null : java.nio.ByteBuffer.wrap(content);
                        sent = true;
                        return piece;
                    }
                },
                -1);
        refused(ErrorCode.BLOB_UPLOAD_UNKNOWN, () -> world.finish(session, digest(content), slow));
        assertThat(world.blob(digest(content))).isEmpty();
    }

    @Test
    void anUploadThatNobodyHasAskedForSinceTheStartExpiresToo() throws IOException {
        UploadSession session = world.open();
        world.uploads.append(session, null, UploadWorld.body(bytes(5000)));
        world.restart(false);
        world.clock.advance(UploadWorld.EXPIRY.plusMillis(1));
        world.uploads.expire();
        refused(ErrorCode.BLOB_UPLOAD_UNKNOWN, () -> world.find(id(session)));
        assertThat(world.uploadFiles()).isEmpty();
        assertThat(world.rows()).isEmpty();
    }

    @Test
    void anUploadTouchedInTheFutureExpiresLikeAnyOtherOnceTheClockIsRight() throws IOException {
        world.clock.advance(Duration.ofDays(3650));
        UploadSession session = world.open();
        world.uploads.append(session, null, UploadWorld.body(bytes(5000)));
        world.clock.advance(Duration.ofDays(-3650));
        world.uploads.expire();
        world.clock.advance(UploadWorld.EXPIRY.minusMinutes(1));
        world.uploads.expire();
        assertThat(world.find(id(session)).size()).isEqualTo(5000);
        world.clock.advance(Duration.ofMinutes(2));
        world.uploads.expire();
        refused(ErrorCode.BLOB_UPLOAD_UNKNOWN, () -> world.find(id(session)));
        assertThat(world.uploadFiles()).isEmpty();
        world.settle();
        assertThat(world.rows()).isEmpty();
    }

    @Test
    void anUploadTouchedInTheFutureBeforeTheStartExpiresTooAndCanGoOnUntilThen() throws IOException {
        world.clock.advance(Duration.ofDays(3650));
        UploadSession left = world.open();
        UploadSession resumed = world.open();
        for (UploadSession session : List.of(left, resumed)) {
            world.uploads.append(session, null, UploadWorld.body(bytes(5000)));
        }
        world.clock.advance(Duration.ofDays(-3650));
        world.restart(false);
        world.uploads.expire();
        world.clock.advance(UploadWorld.EXPIRY.minusMinutes(1));
        UploadSession again = world.find(id(resumed));
        world.uploads.append(again, null, UploadWorld.body(bytes(10)));
        world.clock.advance(Duration.ofMinutes(2));
        world.uploads.expire();
        world.settle();
        assertThat(world.rows())
                .singleElement()
                .satisfies(row -> assertThat(row.id()).isEqualTo(id(resumed)));
        assertThat(world.find(id(resumed)).size()).isEqualTo(5010);
        assertThat(world.uploadFiles()).hasSize(1);
    }

    @Test
    void expiryFreesBytesWhenTheDatabaseTakesNothingAndForgetsTheUploadLater() throws Exception {
        for (int i = 0; i < 2; i++) {
            world.uploads.append(world.open(), null, UploadWorld.body(bytes(5000)));
        }
        world.restart(false);
        world.clock.advance(UploadWorld.EXPIRY.plusMillis(1));
        sql("CREATE TRIGGER full BEFORE DELETE ON upload BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END");
        world.uploads.expire();
        assertThat(world.uploadFiles()).isEmpty();
        assertThat(world.rows()).hasSize(2);
        sql("DROP TRIGGER full");
        world.uploads.expire();
        assertThat(world.rows()).isEmpty();
    }

    private void sql(String statement) throws SQLException {
        try (var connection = DriverManager.getConnection("jdbc:sqlite:" + directory.resolve("berth.db"))) {
            connection.createStatement().execute(statement);
        }
    }

    @Test
    void aBlobThatIsTooLargeIsRefusedAnnouncedOrNot() throws IOException {
        world.close();
        world = new UploadWorld(directory.resolve("limited"), 10_000, 0);
        UploadSession session = world.open();
        refused(ErrorCode.TOO_LARGE, () -> world.uploads.append(session, null, UploadWorld.body(bytes(10_001))));
        assertThat(session.size()).isZero();
        refused(ErrorCode.TOO_LARGE, () -> world.uploads.append(session, null, UploadWorld.chunked(bytes(10_001))));
        UploadSession exact = world.open();
        world.uploads.append(exact, null, UploadWorld.body(bytes(6000)));
        refused(ErrorCode.TOO_LARGE, () -> world.uploads.append(exact, null, UploadWorld.body(bytes(4001))));
        world.uploads.append(exact, null, UploadWorld.body(bytes(4000)));
        assertThat(exact.size()).isEqualTo(10_000);
    }

    @Test
    void onePrincipalHoldsOnlySoMuchOfAProjectInOpenUploads() throws IOException {
        world.close();
        world = new UploadWorld(directory.resolve("capped"), 0, 10_000);
        UploadSession first = world.open();
        world.uploads.append(first, null, UploadWorld.body(bytes(6000)));
        UploadSession second = world.open();
        refused(ErrorCode.TOO_LARGE, () -> world.uploads.append(second, null, UploadWorld.body(bytes(4001))));
        UploadSession elsewhere = world.uploads.open(RepositoryName.parse("other/a"), ADMIN, Digest.Algorithm.SHA256);
        world.uploads.append(elsewhere, null, UploadWorld.body(bytes(9000)));
        world.uploads.cancel(first);
        world.uploads.append(second, null, UploadWorld.body(bytes(9000)));
        assertThat(second.size()).isEqualTo(9000);
    }

    @Test
    void uploadsOfOnePrincipalAtOnceHoldTogetherNoMoreThanOneAfterTheOther() throws IOException {
        world.close();
        world = new UploadWorld(directory.resolve("together"), 0, 10_000);
        UploadSession outer = world.open();
        UploadSession inner = world.open();
        // Both begin when there is room for either, and neither announces how much will come.
        var pieces = new int[1];
        refused(
                ErrorCode.TOO_LARGE,
                () -> world.uploads.append(
                        outer,
                        null,
                        new Uploads.Body(
                                () -> {
                                    if (pieces[0]++ == 1) {
                                        world.uploads.append(
                                                inner, null, new Uploads.Body(ChunkSource.of(bytes(5_000)), -1));
                                    }
                                    return pieces[0] <= 3 ? ByteBuffer.wrap(bytes(3_000)) : null;
                                },
                                -1)));
        assertThat(inner.size()).isEqualTo(5_000);
        assertThat(outer.size()).isLessThanOrEqualTo(5_000);
        world.uploads.cancel(inner);
        world.uploads.append(outer, null, UploadWorld.body(bytes((int) (10_000 - outer.size()))));
    }

    @Test
    void uploadsFromBeforeTheStartCountThoughNobodyHasAskedForThem() throws IOException {
        world.close();
        world = new UploadWorld(directory.resolve("earlier"), 0, 10_000);
        UploadSession earlier = world.open();
        world.uploads.append(earlier, null, UploadWorld.body(bytes(6000)));
        world.restart(true);
        UploadSession now = world.open();
        refused(ErrorCode.TOO_LARGE, () -> world.uploads.append(now, null, UploadWorld.body(bytes(4001))));
        UploadSession again = world.find(id(earlier));
        refused(ErrorCode.TOO_LARGE, () -> world.uploads.append(again, null, UploadWorld.body(bytes(4001))));
        world.uploads.append(again, null, UploadWorld.body(bytes(4000)));
        world.uploads.cancel(again);
        world.restart(true);
        world.uploads.append(world.find(id(now)), null, UploadWorld.body(bytes(10_000)));
        world.restart(true);
        world.clock.advance(UploadWorld.EXPIRY.plusHours(1));
        UploadSession last = world.open();
        world.uploads.expire();
        world.uploads.append(last, null, UploadWorld.body(bytes(9000)));
    }

    @Test
    void uploadsAreRefusedWhenSpaceIsShort() throws IOException {
        UploadSession session = world.open();
        world.settle();
        world.requireFree(Long.MAX_VALUE);
        refused(ErrorCode.STORAGE_FULL, () -> world.open());
        UploadSession again = world.find(id(session));
        refused(ErrorCode.STORAGE_FULL, () -> world.uploads.append(again, null, UploadWorld.body(bytes(5000))));
        refused(
                ErrorCode.STORAGE_FULL,
                () -> world.uploads.pushWhole(
                        NAME, ADMIN, digest(bytes(5)), UploadWorld.body(bytes(5)), Change.Origin.SYSTEM));
        world.uploads.cancel(again); // which frees some
    }
}
