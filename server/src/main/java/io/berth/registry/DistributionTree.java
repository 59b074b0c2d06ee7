package io.berth.registry;

import io.berth.oci.Digest;
import io.berth.oci.OciException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Reads the files that docker-registry (distribution) keeps its repositories in.
 *
 * <pre>
 * blobs/sha256/ab/&lt;hex&gt;/data
 * repositories/&lt;name&gt;/_layers/sha256/&lt;hex&gt;/link
 * repositories/&lt;name&gt;/_manifests/revisions/sha256/&lt;hex&gt;/link
 * repositories/&lt;name&gt;/_manifests/tags/&lt;tag&gt;/current/link
 * </pre>
 *
 * A directory of a digest without its {@code link} is what a delete leaves, and is no digest of the repository. The tree
 * may be damaged or hostile: symbolic links are not followed, and no file is taken to be small because it should be.
 */
final class DistributionTree {
    private static final int MAX_LINK = 256;
    private static final int MAX_DEPTH = 128;

    private final Path root;
    private final Path real;
    private final Consumer<String> damage;

    /**
     * @param directory the registry's root directory, or the {@code docker/registry/v2} in it
     * @param damage hears what cannot be read, by name
     * @throws NoSuchFileException when it is neither
     */
    DistributionTree(Path directory, Consumer<String> damage) throws IOException {
        this.damage = damage;
        Path nested = directory.resolve("docker/registry/v2");
        root = Files.isDirectory(nested) ? nested : directory;
        if (!Files.isDirectory(root.resolve("blobs")) && !Files.isDirectory(root.resolve("repositories"))) {
            throw new NoSuchFileException(
                    directory.toString(),
                    null,
                    "this is no data directory of docker-registry: it has no docker/registry/v2");
        }
        real = root.toRealPath();
    }

    /** The names of the repositories, in order. */
    List<String> repositories() {
        var names = new ArrayList<String>();
        collect(root.resolve("repositories"), "", 0, names);
        return names;
    }

    private void collect(Path directory, String name, int depth, List<String> names) {
        if (isDirectory(directory.resolve("_manifests")) || isDirectory(directory.resolve("_layers"))) {
            names.add(name);
        }
        for (Path child : children(directory)) {
            String last = child.getFileName().toString();
            if (last.startsWith("_")) {
                continue; // no segment of a name begins so: it belongs to this repository
            }
            if (Files.isSymbolicLink(child)) {
                damage.accept(child + ": is a symbolic link, which is not followed");
            } else if (isDirectory(child) && depth < MAX_DEPTH) {
                collect(child, name.isEmpty() ? last : name + "/" + last, depth + 1, names);
            }
        }
    }

    /** The digests of {@code _layers} or {@code _manifests/revisions} of a repository. */
    List<Digest> links(String repository, String kind) {
        var digests = new ArrayList<Digest>();
        for (Path algorithm : children(repository(repository).resolve(kind))) {
            for (Path directory : children(algorithm)) {
                Path link = directory.resolve("link");
                if (!Files.exists(link, LinkOption.NOFOLLOW_LINKS)) {
                    continue;
                }
                String named = algorithm.getFileName() + ":" + directory.getFileName();
                readLink(link).ifPresent(digest -> {
                    if (digest.toString().equals(named)) {
                        digests.add(digest);
                    } else {
                        damage.accept(link + ": names " + digest + ", which is not where it lies");
                    }
                });
            }
        }
        return digests;
    }

    /** The tags of a repository. */
    List<String> tags(String repository) {
        var names = new ArrayList<String>();
        for (Path tag : children(repository(repository).resolve("_manifests/tags"))) {
            if (isDirectory(tag)) {
                names.add(tag.getFileName().toString());
            } else {
                damage.accept(tag + ": is no directory, as a tag is");
            }
        }
        return names;
    }

    /** What a tag names, or nothing when its link cannot be read. */
    Optional<Digest> tag(String repository, String tag) {
        return readLink(currentLink(repository, tag));
    }

    /** Whether a repository of the tree has a tag, readable or not. */
    boolean hasTag(String repository, String tag) {
        return Files.exists(currentLink(repository, tag), LinkOption.NOFOLLOW_LINKS);
    }

    private Path currentLink(String repository, String tag) {
        return repository(repository).resolve("_manifests/tags").resolve(tag).resolve("current/link");
    }

    private Path repository(String name) {
        return root.resolve("repositories").resolve(name);
    }

    private Optional<Digest> readLink(Path link) {
        try (InputStream in = Files.newInputStream(regular(link), LinkOption.NOFOLLOW_LINKS)) {
            var content = new String(in.readNBytes(MAX_LINK), StandardCharsets.UTF_8);
            return Optional.of(Digest.parse(content.strip()));
        } catch (OciException e) {
            damage.accept(link + ": holds no digest");
        } catch (IOException e) {
            damage.accept(describe(link, e));
        }
        return Optional.empty();
    }

    /**
     * The file with the bytes of {@code digest}.
     *
     * @throws NoSuchFileException when the tree does not have it
     * @throws FileSystemException when what it has must not or cannot be used
     */
    Path blob(Digest digest) throws IOException {
        return regular(root.resolve("blobs")
                .resolve(digest.algorithm().label())
                .resolve(digest.hex().substring(0, 2))
                .resolve(digest.hex())
                .resolve("data"));
    }

    // A regular file of the tree itself, whose names were all followed without leaving it
    private Path regular(Path file) throws IOException {
        if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            throw new NoSuchFileException(file.toString(), null, "is missing");
        }
        if (Files.isSymbolicLink(file)) {
            throw new FileSystemException(file.toString(), null, "is a symbolic link, which is not followed");
        }
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            throw new FileSystemException(file.toString(), null, "is no regular file");
        }
        if (!file.toRealPath().startsWith(real)) {
            throw new FileSystemException(file.toString(), null, "lies outside of the tree, behind a symbolic link");
        }
        return file;
    }

    /** How many bytes all blobs have. */
    long size() {
        long size = 0;
        for (Path algorithm : children(root.resolve("blobs"))) {
            for (Path prefix : children(algorithm)) {
                for (Path directory : children(prefix)) {
                    size += size(directory.resolve("data"));
                }
            }
        }
        return size;
    }

    /** The size of a file, 0 when there is none. */
    static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            return 0;
        }
    }

    // In order. What is no directory has no children; what cannot be read is told.
    private List<Path> children(Path directory) {
        if (!isDirectory(directory)) {
            if (Files.isSymbolicLink(directory)) {
                damage.accept(directory + ": is a symbolic link, which is not followed");
            }
            return List.of();
        }
        var children = new ArrayList<Path>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
            files.forEach(children::add);
        } catch (DirectoryIteratorException e) {
            damage.accept(describe(directory, e.getCause()));
        } catch (IOException e) {
            damage.accept(describe(directory, e));
        }
        Collections.sort(children);
        return children;
    }

    private static boolean isDirectory(Path path) {
        return Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS);
    }

    /** A failure to read a file, by its name. */
    static String describe(Path file, IOException failure) {
        String reason = failure instanceof FileSystemException e && e.getReason() != null ? e.getReason() : "";
        return file + ": "
                + (reason.isEmpty() ? "cannot be read (" + failure.getClass().getSimpleName() + ")" : reason);
    }
}
