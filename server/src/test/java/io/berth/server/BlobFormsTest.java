package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.berth.store.BlobContent;
import io.berth.store.BlobStore;
import io.berth.store.ObjectKey;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A blob is served alike in whichever form its store gives it. */
class BlobFormsTest {
    private static final int SIZE = 700_000;
    private static final URI LINK = URI.create("https://objects.example.com/b/o?X-Signature=5f2a&X-Expires=60");

    @TempDir
    Path data;

    private final AtomicInteger open = new AtomicInteger();

    /** Reads part of an object of the store below. */
    @FunctionalInterface
    private interface Reads {
        BlobContent read(BlobStore store, ObjectKey key, long offset, long length) throws IOException;
    }

    enum Form {
        /** As files are. */
        FILE,
        /** As in a pack: the object begins somewhere in its file. */
        PACKED,
        STREAM
    }

    private BerthUnderTest start(Reads reads) {
        return BerthUnderTest.startOn(
                store -> (BlobStore) Proxy.newProxyInstance(
                        BlobStore.class.getClassLoader(),
                        new Class<?>[] {BlobStore.class},
                        (proxy, method, arguments) -> {
                            if (method.getName().equals("read")) {
                                return reads.read(
                                        store, (ObjectKey) arguments[0], (long) arguments[1], (long) arguments[2]);
                            }
                            try {
                                return method.invoke(store, arguments);
                            } catch (InvocationTargetException e) {
                                throw e.getCause();
                            }
                        }),
                data.resolve("data"));
    }

    private BlobContent read(Form form, BlobStore store, ObjectKey key, long offset, long length) throws IOException {
        return switch (form) {
            case FILE -> store.read(key, offset, length);
            case PACKED -> packed(bytes(store, key, 0, SIZE), offset, length);
            case STREAM -> stream(bytes(store, key, offset, length), length);
        };
    }

    private static byte[] bytes(BlobStore store, ObjectKey key, long offset, long length) throws IOException {
        try (var region = (BlobContent.FileRegion) store.read(key, offset, length)) {
            ByteBuffer bytes = ByteBuffer.allocate((int) length);
            while (bytes.hasRemaining() && region.channel().read(bytes, offset + bytes.position()) > 0) {}
            return bytes.array();
        }
    }

    private BlobContent packed(byte[] object, long offset, long length) throws IOException {
        Path pack = data.resolve("pack");
        byte[] before = Content.random(12_345);
        Files.write(pack, before);
        Files.write(pack, object, StandardOpenOption.APPEND);
        Files.write(pack, Content.random(1_000), StandardOpenOption.APPEND);
        return new BlobContent.FileRegion(FileChannel.open(pack), before.length + offset, length);
    }

    private BlobContent stream(byte[] part, long length) {
        open.incrementAndGet();
        ByteBuffer all = ByteBuffer.wrap(part);
        return new BlobContent.Stream(
                () -> {
                    if (!all.hasRemaining()) {
                        return null;
                    }
                    // Pieces that fit no buffer.
                    int count = Math.min(all.remaining(), 77_777);
                    ByteBuffer piece = all.slice(all.position(), count);
                    all.position(all.position() + count);
                    return piece;
                },
                length,
                open::decrementAndGet);
    }

    @ParameterizedTest
    @EnumSource
    void wholeOrInPartTheBytesAreTheBlobs(Form form) {
        byte[] layer = Content.random(SIZE);
        try (var berth = start((store, key, offset, length) -> read(form, store, key, offset, length))) {
            String path = "/v2/forms/app/blobs/" + berth.pushBlob("forms/app", layer);
            assertThat(berth.get(path).isStatus(200).body()).isEqualTo(layer);
            assertThat(berth.head(path).isStatus(200).header("Content-Length")).isEqualTo("" + SIZE);

            Answer part = berth.call("GET", path)
                    .header("Range", "bytes=100000-399999")
                    .send()
                    .isStatus(206);
            assertThat(part.header("Content-Range")).isEqualTo("bytes 100000-399999/" + SIZE);
            assertThat(part.body()).isEqualTo(Arrays.copyOfRange(layer, 100_000, 400_000));

            Answer parts = berth.call("GET", path)
                    .header("Range", "bytes=600000-600009,5-9,-3")
                    .send()
                    .isStatus(206);
            String text = new String(parts.body(), StandardCharsets.ISO_8859_1);
            assertThat(text)
                    .contains(latin(layer, 600_000, 600_010), latin(layer, 5, 10), latin(layer, SIZE - 3, SIZE))
                    .contains("bytes 600000-600009/" + SIZE, "bytes 5-9/" + SIZE);
            assertThat(parts.header("Content-Length")).isEqualTo("" + parts.body().length);
        }
        assertThat(open).hasValue(0);
    }

    private static String latin(byte[] bytes, int from, int to) {
        return "\r\n\r\n" + new String(bytes, from, to - from, StandardCharsets.ISO_8859_1) + "\r\n--berth-";
    }

    @Test
    void aStreamThatEndsTooSoonBreaksTheAnswerOffInsteadOfEndingIt() {
        byte[] layer = Content.random(SIZE);
        try (var berth =
                start((store, key, offset, length) -> stream(bytes(store, key, offset, length - 1_000), length))) {
            String path = "/v2/forms/app/blobs/" + berth.pushBlob("forms/app", layer);
            assertThatThrownBy(() -> berth.get(path)).isInstanceOf(UncheckedIOException.class);
            berth.head(path).isStatus(200);
        }
        assertThat(open).hasValue(0);
    }

    @Test
    void aRedirectIsForGetAloneAndForNoCache() {
        byte[] layer = Content.random(SIZE);
        try (var berth = start((store, key, offset, length) -> new BlobContent.Redirect(LINK))) {
            String path = "/v2/forms/app/blobs/" + berth.pushBlob("forms/app", layer);
            for (String range : new String[] {"bytes=0-", "bytes=5-9", "bytes=5-9,100-200", "items=5"}) {
                Answer answer =
                        berth.call("GET", path).header("Range", range).send().isStatus(307);
                assertThat(answer.header("Location")).isEqualTo(LINK.toString());
                assertThat(answer.header("Cache-Control")).isEqualTo("no-store");
                assertThat(answer.header("Content-Range")).isNull();
                assertThat(answer.header("Set-Cookie")).isNull();
                assertThat(answer.body()).isEmpty();
            }
            Answer head = berth.head(path).isStatus(200);
            assertThat(head.header("Content-Length")).isEqualTo("" + SIZE);
            assertThat(head.header("Location")).isNull();
            // Who may not read the blob gets no link to it.
            berth.call("GET", path).anonymous().send().isStatus(401);
            berth.get("/v2/forms/other/blobs/" + Content.sha256(layer)).isStatus(404);
            berth.call("GET", path)
                    .header("If-None-Match", "\"" + Content.sha256(layer) + "\"")
                    .send()
                    .isStatus(304);
            berth.call("GET", path)
                    .header("Range", "bytes=" + SIZE + "-")
                    .send()
                    .isStatus(416);
        }
    }
}
