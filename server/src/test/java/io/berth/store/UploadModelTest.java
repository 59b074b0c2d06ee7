package io.berth.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.berth.oci.Digest;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** An upload, whatever happens to it, has the bytes that an array of bytes would have. */
class UploadModelTest {
    enum Kind {
        APPEND,
        CUT_OFF,
        CUT_OFF_AND_FORGET,
        RESUME,
        REOPEN,
        COMMIT_AND_ROLL_BACK,
        COMMIT_AND_CRASH
    }

    record Step(Kind kind, int size, int piece, boolean announced) {}

    @Provide
    Arbitrary<List<Step>> steps() {
        Arbitrary<Integer> size = Arbitraries.oneOf(
                Arbitraries.integers().between(0, 20),
                Arbitraries.of(4095, 4096, 4097, 8192, 65_536, (1 << 20) - 1, 1 << 20, (1 << 20) + 1),
                Arbitraries.integers().between(0, 1_500_000));
        Arbitrary<Integer> piece = Arbitraries.of(1000, 4096, 65_536, 300_000);
        return Combinators.combine(Arbitraries.of(Kind.class), size, piece, Arbitraries.of(true, false))
                .as(Step::new)
                .list()
                .ofMinSize(1)
                .ofMaxSize(10);
    }

    @Provide
    Arbitrary<Long> thresholds() {
        return Arbitraries.of(0L, 100_000L, 1_200_000L, Long.MAX_VALUE);
    }

    @Property(tries = 60, edgeCases = net.jqwik.api.EdgeCasesMode.NONE)
    void anUploadHasTheBytesOfItsModel(
            @ForAll("steps") List<Step> steps, @ForAll("thresholds") long directFrom, @ForAll long seed)
            throws IOException {
        Path directory = Files.createTempDirectory("berth-upload-model");
        try {
            run(directory, steps, directFrom, new Random(seed));
        } finally {
            try (Stream<Path> files = Files.walk(directory)) {
                files.sorted(Comparator.reverseOrder())
                        .forEach(file -> file.toFile().delete());
            }
        }
    }

    private static void run(Path directory, List<Step> steps, long directFrom, Random random) throws IOException {
        var store = new FileBlobStore(directory, new UploadWriter(1, directFrom));
        var state = new UploadState(new UUID(random.nextLong(), random.nextLong()), random.nextLong(), 0);
        byte[] model = {};
        for (Step step : steps) {
            byte[] bytes = new byte[step.size()];
            random.nextBytes(bytes);
            long expected = step.announced() ? bytes.length : 0;
            UploadState before = state;
            switch (step.kind()) {
                case APPEND -> {
                    state = store.append(state, BlobStoreContract.source(bytes, step.piece(), null), expected);
                    model = BlobStoreContract.join(model, bytes);
                }
                case CUT_OFF, CUT_OFF_AND_FORGET -> {
                    var gone = new IOException("gone");
                    assertThatThrownBy(() ->
                                    store.append(before, BlobStoreContract.source(bytes, step.piece(), gone), expected))
                            .isSameAs(gone);
                    if (step.kind() == Kind.CUT_OFF) {
                        state = store.resume(state);
                        model = BlobStoreContract.join(model, bytes);
                    }
                }
                case RESUME -> {
                    // what a forgotten attempt left is real, and so belongs to the upload once it is looked at
                    state = store.resume(state);
                    byte[] real = read(store, state);
                    assertThat(Arrays.copyOf(real, model.length)).isEqualTo(model);
                    model = real;
                }
                case REOPEN ->
                    new FileBlobStore(directory, new UploadWriter(1, directFrom))
                            .recover(upload -> true, object -> false);
                case COMMIT_AND_ROLL_BACK -> {
                    var key = new ObjectKey(Digest.of(Digest.Algorithm.SHA256, model), state.generation());
                    store.commit(state, key);
                    store.rollback(state, key);
                }
                case COMMIT_AND_CRASH -> {
                    var key = new ObjectKey(Digest.of(Digest.Algorithm.SHA256, model), state.generation());
                    store.commit(state, key);
                    new FileBlobStore(directory, new UploadWriter(1, directFrom))
                            .recover(upload -> true, object -> false);
                }
            }
            assertThat(state.size()).isEqualTo(model.length);
            assertThat(read(store, state)).isEqualTo(model);
        }
        var key = new ObjectKey(Digest.of(Digest.Algorithm.SHA256, model), state.generation());
        store.commit(state, key);
        store.committed(state, key);
        try (var region = (BlobContent.FileRegion) store.read(key, 0, model.length)) {
            assertThat(Channels.newInputStream(region.channel()).readAllBytes()).isEqualTo(model);
        }
        try (Stream<Path> files = Files.walk(directory)) {
            assertThat(files.filter(Files::isRegularFile)).containsExactly(directory.resolve(key.path()));
        }
    }

    private static byte[] read(BlobStore store, UploadState state) throws IOException {
        try (BlobContent.Stream content = store.readBack(state)) {
            return BlobStoreContract.drain(content.source());
        }
    }
}
