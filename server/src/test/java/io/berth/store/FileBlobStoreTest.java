package io.berth.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.berth.oci.Digest;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileBlobStoreTest {
    /** Through the page cache. */
    @Nested
    class Buffered extends OnFiles {
        @Override
        UploadWriter writer() {
            return new UploadWriter(2, Long.MAX_VALUE);
        }
    }

    /** As the registry sees it. */
    @Nested
    class Metered extends OnFiles {
        private final SimpleMeterRegistry meters = new SimpleMeterRegistry();

        @Override
        UploadWriter writer() {
            return new UploadWriter(2, Long.MAX_VALUE);
        }

        @Override
        BlobStore open() throws IOException {
            return new MeteredBlobStore(super.open(), meters);
        }

        private long count(String action) {
            return meters.get("berth.store.actions")
                    .tags("store", store.name(), "action", action)
                    .timer()
                    .count();
        }

        @Test
        void everyActionIsCountedThoughItFails() throws IOException {
            byte[] content = bytes(100);
            UploadState state = store.append(upload(), ChunkSource.of(content), 0);
            store.commit(state, key(state, content));
            store.read(key(state, content), 0, 100).close();
            store.size(key(state, content));
            store.delete(key(state, content));
            assertThatThrownBy(() -> store.read(key(state, content), 0, 100)).isInstanceOf(IOException.class);
            assertThat(Stream.of("append", "commit", "read", "size", "delete").map(this::count))
                    .containsExactly(1L, 1L, 2L, 1L, 1L);
        }
    }

    @Test
    void anUploadOfUnknownLengthBypassesThePageCacheFromWhereItIsLarge(@TempDir Path folder) throws IOException {
        byte[] content = new byte[4 << 20];
        new java.util.Random(7).nextBytes(content);
        var announced = new UploadWriter(1, 1 << 20);
        announced.write(
                folder.resolve("announced"), 0, BlobStoreContract.source(content, 65_536, null), content.length);
        var unknown = new UploadWriter(1, 1 << 20);
        unknown.write(folder.resolve("unknown"), 0, BlobStoreContract.source(content, 65_536, null), 0);
        // Where the file system can, else both are 0
        assertThat(unknown.bytesDirect()).isEqualTo(Math.max(0, announced.bytesDirect() - (1 << 20)));
        assertThat(announced.bytesDirect()).isIn(0L, (long) content.length);
        assertThat(folder.resolve("unknown")).hasBinaryContent(content);
    }

    /** Past the page cache, where the file system of the temporary directory can. */
    @Nested
    class Direct extends OnFiles {
        @Override
        UploadWriter writer() {
            return new UploadWriter(2, 0);
        }
    }

    /** Without a block of memory to gather pieces in. */
    @Nested
    class WithoutBlocks extends OnFiles {
        @Override
        UploadWriter writer() {
            var writer = new UploadWriter(1, 0);
            // An upload that does not end has the only block.
            var taken = new CountDownLatch(1);
            Thread.ofPlatform().daemon().start(() -> {
                try {
                    writer.write(
                            root.resolveSibling("hoarder"),
                            0,
                            () -> {
                                taken.countDown();
                                try {
                                    new CountDownLatch(1).await();
                                } catch (InterruptedException e) {
                                    throw new IOException(e);
                                }
                                return null;
                            },
                            0);
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
            try {
                taken.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            return writer;
        }
    }

    abstract static class OnFiles extends BlobStoreContract {
        @TempDir
        Path directory;

        Path root;

        abstract UploadWriter writer();

        @Override
        BlobStore open() throws IOException {
            root = directory.resolve("deep").resolve("blobs");
            Files.createDirectories(root.getParent());
            return new FileBlobStore(root, writer());
        }

        private List<String> files() throws IOException {
            try (Stream<Path> files = Files.walk(root)) {
                return files.filter(Files::isRegularFile)
                        .map(file -> root.relativize(file).toString())
                        .sorted()
                        .toList();
            }
        }

        @Test
        void noFileIsLeftOver() throws IOException {
            byte[] content = bytes(100);
            UploadState state = store.append(upload(), ChunkSource.of(content), 100);
            ObjectKey key = key(state, content);
            store.commit(state, key);
            assertThat(files()).hasSize(2).contains(key.path());
            store.committed(state, key);
            assertThat(files()).containsExactly(key.path());
            store.delete(key);
            assertThat(files()).isEmpty();
        }

        @Test
        void aNoteWithoutItsObjectIsRemovedAndTheUploadStays() throws IOException {
            byte[] content = bytes(100);
            UploadState state = store.append(upload(), ChunkSource.of(content), 100);
            Files.createFile(root.resolve("uploads").resolve(UploadFile.name(state, key(state, content))));
            store.recover(upload -> true, object -> false);
            assertThat(files()).containsExactly("uploads/" + UploadFile.name(state));
            assertThat(readBack(store.resume(state))).isEqualTo(content);
        }

        @Test
        void recoveryLeavesForeignFilesAlone() throws IOException {
            Path uploads = root.resolve("uploads");
            String hex = Digest.of(Digest.Algorithm.SHA256, new byte[0]).hex();
            var foreign = new ArrayList<Path>();
            for (String name : List.of(
                    "README",
                    ".nfs000000000001",
                    "1-1-1-1-1.0123456789abcdef",
                    "0190b0c4-7e1d-4f00-8000-00000000ABCD.0123456789abcdef",
                    "0190b0c4-7e1d-4f00-8000-000000000001.0123456789ABCDEF",
                    "0190b0c4-7e1d-4f00-8000-000000000001.0123456789abcdef.md5-00",
                    "0190b0c4-7e1d-4f00-8000-000000000001.0123456789abcdef.sha256-" + hex + ".bak")) {
                foreign.add(Files.writeString(uploads.resolve(name), "mine"));
            }
            foreign.add(Files.writeString(root.resolve("lost+found"), "mine"));
            store.recover(upload -> false, object -> false);
            assertThat(foreign).allSatisfy(file -> assertThat(file).hasContent("mine"));
        }

        @Test
        void filesThatAreNoObjectsAreNotListed() throws IOException {
            String hex = Digest.of(Digest.Algorithm.SHA256, new byte[0]).hex();
            Path place = Files.createDirectories(root.resolve("sha256").resolve(hex.substring(0, 2)));
            Files.createFile(place.resolve(hex));
            Files.createFile(place.resolve(hex + ".tmp"));
            Files.createFile(place.resolve(hex + ".0123456789ABCDEF"));
            Path elsewhere = Files.createDirectories(root.resolve("sha256").resolve("00"));
            Files.createFile(elsewhere.resolve(hex + ".0123456789abcdef"));
            assertThat(keys()).isEmpty();
            Files.createFile(place.resolve(hex + ".0123456789abcdef"));
            assertThat(keys()).hasSize(1);
        }

        @Test
        void aCommitThatFailsLeavesTheUploadAsItWas() throws IOException {
            byte[] content = bytes(100);
            UploadState state = store.append(upload(), ChunkSource.of(content), 100);
            ObjectKey key = key(state, content);
            Path inTheWay = root.resolve(key.path());
            Files.createDirectories(inTheWay.resolve("x"));
            assertThatThrownBy(() -> store.commit(state, key)).isInstanceOf(IOException.class);
            assertThat(files()).containsExactly("uploads/" + UploadFile.name(state));
            assertThat(readBack(store.resume(state))).isEqualTo(content);
            Files.delete(inTheWay.resolve("x"));
            Files.delete(inTheWay);
            store.commit(state, key);
            assertThat(read(key)).isEqualTo(content);
        }
    }

    @Test
    void aKeyHasItsDocumentedPathAndIsReadFromIt() {
        Digest digest = Digest.of(Digest.Algorithm.SHA256, new byte[0]);
        var key = new ObjectKey(digest, -2);
        assertThat(key.path()).isEqualTo("sha256/e3/" + digest.hex() + ".fffffffffffffffe");
        assertThat(ObjectKey.parse("sha256", key.name())).contains(key);
        assertThat(ObjectKey.parse("sha512", key.name())).isEmpty();
        assertThat(HexFormat.fromHexDigitsToLong("fffffffffffffffe")).isEqualTo(-2);
    }
}
