package io.berth.store;

import io.berth.oci.Digest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Objects as files of a directory, which may be on NFS: nothing is mapped or linked, and a rename stays in one file
 * system.
 *
 * <pre>
 * sha256/ab/&lt;hex&gt;.&lt;generation&gt;      objects
 * uploads/&lt;id&gt;.&lt;generation&gt;           bytes of uploads
 * uploads/&lt;id&gt;.&lt;generation&gt;.&lt;object&gt;  an upload that is just becoming that object
 * </pre>
 *
 * A commit syncs the file, leaves the third kind of file as a note, renames, and syncs the directory. The note is
 * removed when the database names the object; a note found at start-up tells which object a crash left half-born, so
 * that nothing has to be searched for.
 */
public final class FileBlobStore implements BlobStore {
    /** The name of this store in the database. */
    public static final String NAME = "file";

    private final Path root;
    private final Path uploads;
    private final UploadWriter writer;
    private final DurableDirectories directories = new DurableDirectories();

    /**
     * @param root the directory, made when absent
     * @throws IOException when it cannot be made or written
     */
    public FileBlobStore(Path root, UploadWriter writer) throws IOException {
        this.root = root;
        this.writer = writer;
        uploads = root.resolve("uploads");
        try {
            directories.ensure(root);
            directories.ensure(uploads);
            for (Digest.Algorithm algorithm : Digest.Algorithm.values()) {
                directories.ensureAllIn(root.resolve(algorithm.label()));
            }
        } catch (FileSystemException e) {
            throw unusable(root, e);
        }
        for (Path directory : List.of(root, uploads)) {
            if (!Files.isWritable(directory)) {
                throw unusable(directory, null);
            }
        }
    }

    private static IOException unusable(Path directory, FileSystemException cause) {
        String reason = cause == null || cause.getReason() == null ? "" : " (" + cause.getReason() + ")";
        return new IOException(
                "the blob directory " + directory + " cannot be written" + reason
                        + ": give Berth's user the right to, or set storage.blobs to another",
                cause);
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public UploadState append(UploadState state, ChunkSource source, long expected) throws IOException {
        return state.withSize(writer.write(uploadFile(state), state.size(), source, expected));
    }

    @Override
    public UploadState take(UploadState state, Path file, Take how) throws IOException {
        Path target = uploadFile(state);
        switch (how) {
            case LINK -> {
                try {
                    Files.createLink(target, file);
                    if (!Files.isWritable(target)) {
                        Files.delete(target); // it could not be synced
                        copy(file, target);
                    }
                } catch (IOException | UnsupportedOperationException e) {
                    copy(file, target); // another file system, or one without links
                }
            }
            case COPY -> copy(file, target);
        }
        return resume(state);
    }

    // Unlike Files.copy it gives the copy no mode but that of our own files.
    private static void copy(Path file, Path target) throws IOException {
        try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ);
                FileChannel out = FileChannel.open(target, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            long size = in.size();
            long position = 0;
            while (position < size) {
                long count = in.transferTo(position, size - position, out);
                if (count <= 0) {
                    throw new IOException(file + " is shorter than it was");
                }
                position += count;
            }
        }
    }

    @Override
    public UploadState resume(UploadState state) throws IOException {
        try {
            return state.withSize(Files.size(uploadFile(state)));
        } catch (NoSuchFileException e) {
            return state.withSize(0);
        }
    }

    @Override
    public BlobContent.Stream readBack(UploadState state) throws IOException {
        Path file = uploadFile(state);
        if (!Files.exists(file)) {
            return new BlobContent.Stream(() -> null, 0, () -> {});
        }
        FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
        return new BlobContent.Stream(new ChannelSource(channel, 0, state.size()), state.size(), channel);
    }

    @Override
    public void commit(UploadState state, ObjectKey key) throws IOException {
        Path file = uploadFile(state);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.CREATE)) {
            if (channel.size() < state.size()) {
                throw new IOException("the upload has " + channel.size() + " of " + state.size() + " bytes");
            }
            if (channel.size() > state.size()) {
                channel.truncate(state.size());
            }
            channel.force(true);
        }
        Path target = root.resolve(key.path());
        directories.ensure(target.getParent());
        Files.newByteChannel(noteFile(state, key), Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE))
                .close();
        boolean moved = false;
        try {
            Files.move(file, target, StandardCopyOption.ATOMIC_MOVE);
            moved = true;
            DurableDirectories.sync(target.getParent());
        } catch (IOException e) {
            undo(state, key, moved, e);
            throw e;
        }
    }

    private void undo(UploadState state, ObjectKey key, boolean moved, IOException failure) {
        try {
            if (moved) {
                rollback(state, key);
            } else {
                Files.deleteIfExists(noteFile(state, key));
            }
        } catch (IOException e) {
            failure.addSuppressed(e); // the note is left, so that recover() can do it
        }
    }

    @Override
    public void rollback(UploadState state, ObjectKey key) throws IOException {
        Files.move(root.resolve(key.path()), uploadFile(state), StandardCopyOption.ATOMIC_MOVE);
        Files.deleteIfExists(noteFile(state, key));
    }

    @Override
    public void committed(UploadState state, ObjectKey key) {
        try {
            Files.deleteIfExists(noteFile(state, key));
        } catch (IOException e) {
            // recover() removes it: the note of an object that the database names is harmless.
        }
    }

    @Override
    public void abort(UploadState state) throws IOException {
        Files.deleteIfExists(uploadFile(state));
    }

    @Override
    public BlobContent read(ObjectKey key, long offset, long length) throws IOException {
        return new BlobContent.FileRegion(
                FileChannel.open(root.resolve(key.path()), StandardOpenOption.READ), offset, length);
    }

    @Override
    public OptionalLong size(ObjectKey key) throws IOException {
        try {
            return OptionalLong.of(Files.size(root.resolve(key.path())));
        } catch (NoSuchFileException e) {
            return OptionalLong.empty();
        }
    }

    @Override
    public void delete(ObjectKey key) throws IOException {
        Files.deleteIfExists(root.resolve(key.path()));
    }

    @Override
    public Stream<ObjectKey> keys() throws IOException {
        return Files.find(root, 3, (path, attributes) -> attributes.isRegularFile())
                .map(root::relativize)
                .filter(path -> path.getNameCount() == 3)
                .flatMap(path -> ObjectKey.parse(
                        path.getName(0).toString(), path.getFileName().toString())
                        .filter(key -> key.path().equals(path.toString()))
                        .stream());
    }

    @Override
    public Stream<UploadState> uploads() throws IOException {
        return Files.list(uploads)
                .flatMap(file -> UploadFile.parse(file.getFileName().toString()).stream())
                .map(UploadFile::state)
                .distinct();
    }

    @Override
    public void recover(Predicate<UploadState> open, Predicate<ObjectKey> live) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(uploads)) {
            for (Path file : files) {
                Optional<UploadFile> parsed =
                        UploadFile.parse(file.getFileName().toString());
                if (parsed.isEmpty()) {
                    continue; // not ours
                }
                UploadFile upload = parsed.get();
                if (upload.becoming().isPresent()) {
                    settle(upload, upload.becoming().get(), open, live);
                    Files.deleteIfExists(file);
                } else if (!open.test(upload.state())) {
                    Files.deleteIfExists(file);
                }
            }
        }
    }

    private void settle(UploadFile upload, ObjectKey key, Predicate<UploadState> open, Predicate<ObjectKey> live)
            throws IOException {
        Path object = root.resolve(key.path());
        if (!Files.exists(object) || live.test(key)) {
            return;
        }
        if (open.test(upload.state())) {
            Files.move(object, uploadFile(upload.state()), StandardCopyOption.ATOMIC_MOVE);
        } else {
            Files.deleteIfExists(object);
        }
    }

    @Override
    public long usableSpace() throws IOException {
        return Files.getFileStore(root).getUsableSpace();
    }

    private Path uploadFile(UploadState state) {
        return uploads.resolve(UploadFile.name(state));
    }

    private Path noteFile(UploadState state, ObjectKey key) {
        return uploads.resolve(UploadFile.name(state, key));
    }

    /** Reads a file by pieces through one buffer. */
    private static final class ChannelSource implements ChunkSource {
        private final FileChannel channel;
        private final ByteBuffer buffer = ByteBuffer.allocate(256 << 10);
        private final long end;
        private long position;

        ChannelSource(FileChannel channel, long from, long end) {
            this.channel = channel;
            this.position = from;
            this.end = end;
        }

        @Override
        public ByteBuffer next() throws IOException {
            long left = end - position;
            if (left <= 0) {
                return null;
            }
            buffer.clear().limit((int) Math.min(buffer.capacity(), left));
            int read = channel.read(buffer, position);
            if (read < 0) {
                throw new IOException("the file is shorter than expected");
            }
            position += read;
            return buffer.flip();
        }
    }

    @Override
    public void close() {}
}
