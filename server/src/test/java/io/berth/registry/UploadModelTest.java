package io.berth.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.berth.oci.Digest;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** Whatever happens to an upload, it has the bytes of its model, and it ends as the model does. */
class UploadModelTest {
    enum Kind {
        APPEND,
        APPEND_WITHOUT_LENGTH,
        APPEND_RANGE,
        RANGE_ELSEWHERE,
        RANGE_AND_LENGTH_DISAGREE,
        CUT_OFF,
        CUT_OFF_WHILE_FINISHING,
        TWO_WRITERS,
        RESTART,
        CRASH,
        WAIT
    }

    enum End {
        FINISH,
        FINISH_WITH_OTHER_ALGORITHM,
        FINISH_WRONG,
        CANCEL,
        EXPIRE
    }

    record Step(Kind kind, int size) {}

    private static Path directory;
    private static UploadWorld world;

    @BeforeContainer
    static void open() throws IOException {
        directory = Files.createTempDirectory("berth-uploads");
        world = new UploadWorld(directory);
    }

    @AfterContainer
    static void close() throws IOException {
        world.close();
        try (Stream<Path> files = Files.walk(directory)) {
            files.sorted(Comparator.reverseOrder())
                    .forEach(file -> file.toFile().delete());
        }
    }

    @Provide
    Arbitrary<List<Step>> steps() {
        Arbitrary<Integer> size = Arbitraries.of(0, 1, 10, 500, 999, 1000, 1001, 4096, 5000, 70_000);
        return Combinators.combine(Arbitraries.of(Kind.class), size)
                .as(Step::new)
                .list()
                .ofMaxSize(8);
    }

    private static void refused(ErrorCode code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        OciException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    @Property(tries = 150, edgeCases = EdgeCasesMode.NONE)
    void anUploadHasTheBytesOfItsModelAndEndsAsItDoes(
            @ForAll("steps") List<Step> steps, @ForAll End end, @ForAll boolean rest, @ForAll long seed)
            throws Exception {
        var random = new Random(seed);
        String id = world.open().state().id().toString();
        var model = new ByteArrayOutputStream();
        for (Step step : steps) {
            byte[] bytes = new byte[step.size()];
            random.nextBytes(bytes);
            step(id, step.kind(), bytes, model);
            assertThat(world.find(id).size()).as(step.toString()).isEqualTo(model.size());
        }
        byte[] closing = new byte[rest ? 700 : 0];
        random.nextBytes(closing);
        end(id, end, closing, model);

        refused(ErrorCode.BLOB_UPLOAD_UNKNOWN, () -> world.find(id));
        world.settle();
        refused(ErrorCode.BLOB_UPLOAD_UNKNOWN, () -> world.find(id));
        assertThat(world.rows()).isEmpty();
        assertThat(world.uploadFiles()).isEmpty();
        assertThat(world.uploads.open()).isZero();
    }

    private static void step(String id, Kind kind, byte[] bytes, ByteArrayOutputStream model) throws Exception {
        UploadSession session = world.find(id);
        long size = model.size();
        switch (kind) {
            case APPEND -> {
                world.uploads.append(session, null, UploadWorld.body(bytes));
                model.writeBytes(bytes);
            }
            case APPEND_WITHOUT_LENGTH -> {
                world.uploads.append(session, null, UploadWorld.chunked(bytes));
                model.writeBytes(bytes);
            }
            case APPEND_RANGE -> {
                if (bytes.length > 0) {
                    world.uploads.append(
                            session, new ContentRange(size, size + bytes.length - 1), UploadWorld.body(bytes));
                    model.writeBytes(bytes);
                }
            }
            case RANGE_ELSEWHERE -> {
                refused(
                        ErrorCode.RANGE_INVALID,
                        () -> world.uploads.append(
                                session, new ContentRange(size + 1, size + bytes.length + 1), UploadWorld.body(bytes)));
                if (size > 0) {
                    refused(
                            ErrorCode.RANGE_INVALID,
                            () -> world.uploads.append(
                                    session, new ContentRange(size - 1, size + 1), UploadWorld.body(bytes)));
                }
            }
            case RANGE_AND_LENGTH_DISAGREE ->
                refused(
                        ErrorCode.SIZE_INVALID,
                        () -> world.uploads.append(
                                session, new ContentRange(size, size + bytes.length), UploadWorld.body(bytes)));
            case CUT_OFF -> {
                var gone = new IOException("gone");
                assertThatThrownBy(() -> world.uploads.append(session, null, UploadWorld.cutOff(bytes, gone)))
                        .isSameAs(gone);
                model.writeBytes(bytes);
            }
            case CUT_OFF_WHILE_FINISHING -> {
                var gone = new IOException("gone");
                Digest any = Digest.of(Digest.Algorithm.SHA256, bytes);
                assertThatThrownBy(() -> world.finish(session, any, UploadWorld.cutOff(bytes, gone)))
                        .isSameAs(gone);
                model.writeBytes(bytes);
            }
            case TWO_WRITERS -> {
                twoWriters(id, session, bytes);
                model.writeBytes(bytes);
            }
            case RESTART -> world.restart(false);
            case CRASH -> world.restart(true);
            case WAIT -> {
                world.clock.advance(Duration.ofHours(1));
                world.uploads.expire();
            }
        }
    }

    // While one request is writing another one comes: it is refused, and what the first brings is taken.
    private static void twoWriters(String id, UploadSession session, byte[] bytes) throws Exception {
        var second = new AtomicReference<Throwable>();
        var inner = UploadWorld.body(bytes);
        var body = new Uploads.Body(
                () -> {
                    var thread = Thread.startVirtualThread(() -> {
                        try {
                            world.uploads.append(world.find(id), null, UploadWorld.body(new byte[10]));
                        } catch (IOException | OciException e) {
                            second.set(e);
                        }
                    });
                    try {
                        thread.join();
                    } catch (InterruptedException e) {
                        throw new IOException(e);
                    }
                    return inner.source().next();
                },
                bytes.length);
        world.uploads.append(session, null, body);
        assertThat(second.get())
                .isInstanceOfSatisfying(
                        OciException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.RANGE_INVALID));
    }

    private static void end(String id, End end, byte[] closing, ByteArrayOutputStream model) throws IOException {
        UploadSession session = world.find(id);
        switch (end) {
            case FINISH, FINISH_WITH_OTHER_ALGORITHM -> {
                model.writeBytes(closing);
                Digest digest = Digest.of(
                        end == End.FINISH ? Digest.Algorithm.SHA256 : Digest.Algorithm.SHA512, model.toByteArray());
                world.finish(session, digest, UploadWorld.body(closing));
                assertThat(world.content(digest)).isEqualTo(model.toByteArray());
                assertThat(world.blob(digest).orElseThrow().size()).isEqualTo(model.size());
                assertThat(world.database.<Boolean>read(tx -> tx.dao(BlobDao.class)
                                .findLinked(UploadWorld.NAME.value(), digest.toString())
                                .isPresent()))
                        .isTrue();
            }
            case FINISH_WRONG -> {
                model.writeBytes(closing);
                model.write(1);
                Digest digest = Digest.of(Digest.Algorithm.SHA256, model.toByteArray());
                refused(ErrorCode.DIGEST_INVALID, () -> world.finish(session, digest, UploadWorld.body(closing)));
                assertThat(world.blob(digest)).isEmpty();
            }
            case CANCEL -> world.uploads.cancel(session);
            case EXPIRE -> {
                world.settle();
                world.clock.advance(UploadWorld.EXPIRY.plusMillis(1));
                world.uploads.expire();
            }
        }
    }
}
