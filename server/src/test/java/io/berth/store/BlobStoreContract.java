package io.berth.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.berth.oci.Digest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What every store of Berth does. */
abstract class BlobStoreContract {
    private final Random random = new Random(42);
    BlobStore store;

    /** Opens the store, the same one each time. */
    abstract BlobStore open() throws IOException;

    @BeforeEach
    void openStore() throws IOException {
        store = open();
    }

    @AfterEach
    void closeStore() throws IOException {
        store.close();
    }

    UploadState upload() {
        return new UploadState(new UUID(random.nextLong(), random.nextLong()), random.nextLong(), 0);
    }

    byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    static ObjectKey key(UploadState state, byte[] content) {
        return new ObjectKey(Digest.of(Digest.Algorithm.SHA256, content), state.generation());
    }

    /** Gives {@code bytes} in pieces of {@code piece}, then fails when {@code failure} is not null. */
    static ChunkSource source(byte[] bytes, int piece, Exception failure) {
        return new ChunkSource() {
            private int position;

            @Override
            public ByteBuffer next() throws IOException {
                if (position == bytes.length) {
                    if (failure instanceof IOException io) {
                        throw io;
                    }
                    if (failure instanceof RuntimeException runtime) {
                        throw runtime;
                    }
                    return null;
                }
                int length = Math.min(piece, bytes.length - position);
                // The caller may not keep the buffer: what it holds changes with the next call.
                ByteBuffer chunk =
                        ByteBuffer.allocate(length).put(bytes, position, length).flip();
                position += length;
                return chunk;
            }
        };
    }

    static byte[] drain(ChunkSource source) throws IOException {
        var out = new ByteArrayOutputStream();
        ByteBuffer chunk;
        while ((chunk = source.next()) != null) {
            assertThat(chunk.hasRemaining()).isTrue();
            byte[] piece = new byte[chunk.remaining()];
            chunk.get(piece);
            out.writeBytes(piece);
        }
        return out.toByteArray();
    }

    byte[] readBack(UploadState state) throws IOException {
        try (BlobContent.Stream content = store.readBack(state)) {
            byte[] bytes = drain(content.source());
            assertThat(content.length()).isEqualTo(bytes.length);
            return bytes;
        }
    }

    byte[] read(ObjectKey key, long offset, long length) throws IOException {
        try (BlobContent content = store.read(key, offset, length)) {
            return switch (content) {
                case BlobContent.FileRegion region -> {
                    region.channel().position(region.offset());
                    yield Channels.newInputStream(region.channel()).readNBytes((int) region.length());
                }
                case BlobContent.Stream stream -> drain(stream.source());
                case BlobContent.Redirect redirect -> throw new AssertionError(redirect.toString());
            };
        }
    }

    byte[] read(ObjectKey key) throws IOException {
        return read(key, 0, store.size(key).orElseThrow());
    }

    Set<ObjectKey> keys() throws IOException {
        try (Stream<ObjectKey> keys = store.keys()) {
            return new HashSet<>(keys.toList());
        }
    }

    private UploadState append(UploadState state, byte[] content) throws IOException {
        return store.append(state, ChunkSource.of(content), content.length);
    }

    private ObjectKey stored(byte[] content) throws IOException {
        UploadState state = append(upload(), content);
        ObjectKey key = key(state, content);
        store.commit(state, key);
        store.committed(state, key);
        return key;
    }

    static byte[] join(byte[]... parts) {
        var out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }

    // Uploads

    @Test
    void whatIsAppendedInPiecesIsReadBackAsOne() throws IOException {
        byte[] first = bytes(10);
        byte[] second = bytes(3 << 20);
        byte[] third = bytes(1);
        UploadState state = append(upload(), first);
        assertThat(state.size()).isEqualTo(10);
        state = append(state, second);
        state = append(state, third);
        assertThat(state.size()).isEqualTo(10 + (3 << 20) + 1);
        assertThat(readBack(state)).isEqualTo(join(first, second, third));
    }

    @Test
    void offsetsNeedNoAlignment() throws IOException {
        UploadState state = upload();
        byte[] all = {};
        for (int size : new int[] {1, 4095, 4096, 4097, 1 << 20, (1 << 20) + 1, 5000, 4096, 2 << 20}) {
            byte[] next = bytes(size);
            state = store.append(state, source(next, 1000, null), size);
            all = join(all, next);
            assertThat(state.size()).isEqualTo(all.length);
        }
        assertThat(readBack(state)).isEqualTo(all);
    }

    @Test
    void anAnnouncedLengthIsAHintAndNoMore() throws IOException {
        byte[] content = bytes(100_000);
        UploadState state = store.append(upload(), source(content, 7777, null), 0);
        state = store.append(state, source(content, 7777, null), 1 << 30);
        assertThat(readBack(state)).isEqualTo(join(content, content));
    }

    @Test
    void anEmptyAppendChangesNothing() throws IOException {
        UploadState state = append(upload(), bytes(5));
        assertThat(append(state, new byte[0])).isEqualTo(state);
        assertThat(store.resume(state)).isEqualTo(state);
        assertThat(append(upload(), new byte[0]).size()).isZero();
    }

    @Test
    void aSourceThatFailsMidwayKeepsWhatArrived() throws IOException {
        for (Exception failure : List.of(new IOException("gone"), new IllegalStateException("gone"))) {
            byte[] before = bytes(5000);
            byte[] arrived = bytes((1 << 20) + 12_345);
            UploadState state = append(upload(), before);
            assertThatThrownBy(() -> store.append(state, source(arrived, 10_000, failure), 64 << 20))
                    .isSameAs(failure);
            UploadState resumed = store.resume(state);
            assertThat(resumed.size()).isEqualTo(before.length + arrived.length);
            assertThat(readBack(resumed)).isEqualTo(join(before, arrived));
        }
    }

    @Test
    void appendingDropsWhatACutOffAttemptLeftBeyond() throws IOException {
        byte[] first = bytes(6000);
        UploadState state = append(upload(), first);
        assertThatThrownBy(() -> store.append(state, source(bytes(50_000), 999, new IOException("gone")), 0))
                .isInstanceOf(IOException.class);
        byte[] second = bytes(10);
        UploadState next = append(state, second);
        assertThat(next.size()).isEqualTo(6010);
        assertThat(readBack(next)).isEqualTo(join(first, second));
        assertThat(store.resume(next)).isEqualTo(next);
    }

    @Test
    void appendingBeyondTheEndIsRefusedSinceAHoleWouldBeInvented() throws IOException {
        UploadState state = append(upload(), bytes(10));
        assertThatThrownBy(() -> append(state.withSize(11), bytes(1))).isInstanceOf(IOException.class);
        assertThat(store.resume(state).size()).isEqualTo(10);
    }

    @Test
    void resumingTellsTheTruth() throws IOException {
        UploadState state = append(upload(), bytes(1234));
        assertThat(store.resume(state.withSize(0))).isEqualTo(state);
        assertThat(store.resume(state.withSize(99_999))).isEqualTo(state);
        store.close();
        store = open();
        assertThat(store.resume(state.withSize(0))).isEqualTo(state);
        assertThat(store.resume(upload()).size()).isZero();
    }

    @Test
    void readingBackAnUnknownUploadGivesNothing() throws IOException {
        assertThat(readBack(upload())).isEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void aFileThatIsTakenBecomesAnUploadAndStaysWhereItIs(BlobStore.Take how, @TempDir Path elsewhere)
            throws IOException {
        byte[] content = bytes(10_000);
        Path file = Files.write(elsewhere.resolve("layer"), content);
        UploadState state = store.take(upload(), file, how);
        assertThat(state.size()).isEqualTo(10_000);
        assertThat(readBack(state)).isEqualTo(content);
        ObjectKey key = key(state, content);
        store.commit(state, key);
        store.committed(state, key);
        assertThat(read(key)).isEqualTo(content);
        assertThat(file).hasBinaryContent(content);
        store.delete(key);
        assertThat(file).hasBinaryContent(content);
    }

    @Test
    void twoUploadsDoNotMix() throws IOException {
        byte[] one = bytes(10);
        byte[] other = bytes(20);
        UploadState first = append(upload(), one);
        UploadState second = append(upload(), other);
        store.abort(first);
        assertThat(store.resume(first).size()).isZero();
        assertThat(readBack(second)).isEqualTo(other);
    }

    @Test
    void abortingTwiceDoesNoHarm() throws IOException {
        UploadState state = append(upload(), bytes(10));
        store.abort(state);
        store.abort(state);
        store.abort(upload());
        assertThat(store.resume(state).size()).isZero();
    }

    @Test
    void anAbortedUploadCanBeginAnew() throws IOException {
        UploadState state = append(upload(), bytes(10));
        store.abort(state);
        byte[] content = bytes(3);
        assertThat(readBack(append(state.withSize(0), content))).isEqualTo(content);
    }

    // Objects

    @Test
    void aCommittedUploadIsAnObjectAndNoUpload() throws IOException {
        byte[] content = bytes(300_000);
        UploadState state = append(upload(), content);
        ObjectKey key = key(state, content);
        assertThat(store.size(key)).isEmpty();
        store.commit(state, key);
        assertThat(store.size(key)).isEqualTo(OptionalLong.of(300_000));
        assertThat(read(key)).isEqualTo(content);
        assertThat(store.resume(state).size()).isZero();
        store.committed(state, key);
        store.close();
        store = open();
        store.recover(upload -> false, object -> object.equals(key));
        assertThat(read(key)).isEqualTo(content);
    }

    @Test
    void anObjectIsReadInParts() throws IOException {
        byte[] content = bytes(10_000);
        ObjectKey key = stored(content);
        assertThat(read(key, 0, 1)).isEqualTo(Arrays.copyOf(content, 1));
        assertThat(read(key, 4999, 3)).isEqualTo(Arrays.copyOfRange(content, 4999, 5002));
        assertThat(read(key, 9999, 1)).isEqualTo(Arrays.copyOfRange(content, 9999, 10_000));
    }

    @Test
    void anEmptyObjectIsAnObject() throws IOException {
        UploadState state = upload();
        ObjectKey key = key(state, new byte[0]);
        store.commit(state, key);
        assertThat(store.size(key)).hasValue(0);
    }

    @Test
    void onlyWhatTheStateSaysIsCommitted() throws IOException {
        byte[] content = bytes(5000);
        UploadState state = append(upload(), content);
        assertThatThrownBy(() -> store.append(state, source(bytes(50), 10, new IOException("gone")), 0))
                .isInstanceOf(IOException.class);
        ObjectKey key = key(state, content);
        store.commit(state, key);
        assertThat(read(key)).isEqualTo(content);
    }

    @Test
    void anUploadThatLacksBytesIsNotCommitted() throws IOException {
        byte[] content = bytes(10);
        UploadState state = append(upload(), content);
        ObjectKey key = key(state, content);
        assertThatThrownBy(() -> store.commit(state.withSize(11), key)).isInstanceOf(IOException.class);
        assertThat(store.size(key)).isEmpty();
        assertThat(readBack(store.resume(state))).isEqualTo(content);

        UploadState lost = upload().withSize(5);
        assertThatThrownBy(() -> store.commit(lost, key(lost, content))).isInstanceOf(IOException.class);
        assertThat(keys()).isEmpty();
    }

    @Test
    void theSameContentUnderTwoGenerationsIsTwoObjects() throws IOException {
        byte[] content = bytes(100);
        ObjectKey first = stored(content);
        ObjectKey second = stored(content);
        assertThat(first).isNotEqualTo(second);
        store.delete(first); // a late delete
        assertThat(store.size(first)).isEmpty();
        assertThat(read(second)).isEqualTo(content);
    }

    @Test
    void rollingBackMakesTheObjectAnUploadAgain() throws IOException {
        byte[] content = bytes(10_000);
        UploadState state = append(upload(), content);
        ObjectKey key = key(state, content);
        store.commit(state, key);
        store.rollback(state, key);
        assertThat(store.size(key)).isEmpty();
        assertThat(store.resume(state)).isEqualTo(state);
        byte[] more = bytes(10);
        assertThat(readBack(append(state, more))).isEqualTo(join(content, more));
        store.recover(upload -> true, object -> false);
        assertThat(store.resume(state).size()).isEqualTo(10_010);
    }

    @Test
    void deletingTwiceDoesNoHarm() throws IOException {
        ObjectKey key = stored(bytes(10));
        store.delete(key);
        store.delete(key);
        assertThat(store.size(key)).isEmpty();
        assertThatThrownBy(() -> store.read(key, 0, 1)).isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void anObjectThatIsBeingReadStaysReadableWhenItIsDeleted() throws IOException {
        byte[] content = bytes(10_000);
        ObjectKey key = stored(content);
        try (BlobContent open = store.read(key, 0, content.length)) {
            store.delete(key);
            if (open instanceof BlobContent.FileRegion region) {
                assertThat(Channels.newInputStream(region.channel()).readAllBytes())
                        .isEqualTo(content);
            }
        }
    }

    @Test
    void everyObjectIsListedAndNothingElse() throws IOException {
        assertThat(keys()).isEmpty();
        ObjectKey first = stored(bytes(10));
        ObjectKey second = stored(bytes(20));
        byte[] content = bytes(30);
        UploadState state = append(upload(), content);
        var third = new ObjectKey(Digest.of(Digest.Algorithm.SHA512, content), state.generation());
        store.commit(state, third);
        UploadState unfinished = append(upload(), bytes(5));
        assertThat(keys()).containsExactlyInAnyOrder(first, second, third);
        store.delete(second);
        assertThat(keys()).containsExactlyInAnyOrder(first, third);
        assertThat(store.resume(unfinished).size()).isEqualTo(5);
    }

    @Test
    void thereIsSpace() throws IOException {
        assertThat(store.usableSpace()).isPositive();
    }

    // Recovery: the object's upload is known or not; the object is named or not; the note is settled or not

    private void recover(Predicate<UploadState> open, Predicate<ObjectKey> live) throws IOException {
        store.close();
        store = open();
        store.recover(open, live);
    }

    private static Predicate<UploadState> only(UploadState known) {
        return upload -> upload.id().equals(known.id()) && upload.generation() == known.generation();
    }

    @Test
    void recoveryKeepsUploadsThatTheDatabaseKnowsAndRemovesTheOthers() throws IOException {
        UploadState known = append(upload(), bytes(10));
        UploadState unknown = append(upload(), bytes(20));
        recover(only(known), object -> false);
        assertThat(store.resume(known).size()).isEqualTo(10);
        assertThat(store.resume(unknown).size()).isZero();
    }

    @Test
    void recoveryTellsGenerationsOfAnUploadApart() throws IOException {
        UploadState old = append(upload(), bytes(10));
        recover(only(new UploadState(old.id(), old.generation() + 1, 0)), object -> false);
        assertThat(store.resume(old).size()).isZero();
    }

    @Test
    void anObjectThatTheDatabaseDoesNotNameIsItsUploadAgain() throws IOException {
        byte[] content = bytes(1000);
        UploadState state = append(upload(), content);
        ObjectKey key = key(state, content);
        store.commit(state, key);
        recover(only(state), object -> false);
        assertThat(store.size(key)).isEmpty();
        assertThat(readBack(store.resume(state))).isEqualTo(content);
        // and recovering once more changes nothing
        recover(only(state), object -> false);
        assertThat(readBack(store.resume(state))).isEqualTo(content);
    }

    @Test
    void anObjectThatNeitherTheDatabaseNorAnUploadNamesIsRemoved() throws IOException {
        byte[] content = bytes(1000);
        UploadState state = append(upload(), content);
        ObjectKey key = key(state, content);
        store.commit(state, key);
        recover(upload -> false, object -> false);
        assertThat(store.size(key)).isEmpty();
        assertThat(store.resume(state).size()).isZero();
    }

    @Test
    void anObjectThatTheDatabaseNamesStays() throws IOException {
        byte[] content = bytes(1000);
        UploadState state = append(upload(), content);
        ObjectKey key = key(state, content);
        store.commit(state, key);
        recover(upload -> false, key::equals);
        assertThat(read(key)).isEqualTo(content);
        // its note is gone: what happens to the row later is not recovery's matter
        recover(upload -> false, object -> false);
        assertThat(read(key)).isEqualTo(content);
    }

    @Test
    void aSettledObjectIsNotLookedAtAgain() throws IOException {
        ObjectKey key = stored(bytes(1000));
        recover(upload -> false, object -> {
            throw new AssertionError("asked for " + object);
        });
        assertThat(store.size(key)).hasValue(1000);
    }

    @Test
    void recoveringAnEmptyStoreDoesNothing() throws IOException {
        recover(upload -> false, object -> false);
        assertThat(keys()).isEmpty();
    }
}
