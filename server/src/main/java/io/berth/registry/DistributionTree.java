package io.berth.registry;

import io.berth.oci.Digest;
import io.berth.oci.OciException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Reads the files that docker-registry (distribution) keeps its repositories in.
 *
 * <pre>
 * blobs/sha256/ab/&lt;hex&gt;/data
 * repositories/&lt;name&gt;/_layers/sha256/&lt;hex&gt;/link
 * repositories/&lt;name&gt;/_manifests/revisions/sha256/&lt;hex&gt;/link
 * repositories/&lt;name&gt;/_manifests/tags/&lt;tag&gt;/current/link
 * </pre>
 */
final class DistributionTree {
    private final Path root;
    private final Path real;

    /** @param directory the registry's root directory, or the {@code docker/registry/v2} in it */
    DistributionTree(Path directory) throws IOException {
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
    List<String> repositories() throws IOException {
        Path repositories = root.resolve("repositories");
        if (!Files.isDirectory(repositories)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(repositories)) {
            return files.filter(path -> path.endsWith("_manifests") || path.endsWith("_layers"))
                    .map(path -> repositories.relativize(path.getParent()).toString())
                    .distinct()
                    .sorted()
                    .toList();
        }
    }

    /** Digests of {@code _layers} or {@code _manifests/revisions} whose link is there. */
    List<Digest> links(String repository, String kind) throws IOException {
        Path directory = root.resolve("repositories").resolve(repository).resolve(kind);
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(directory, 3)) {
            return files.filter(path -> path.endsWith("link"))
                    .map(DistributionTree::readLink)
                    .flatMap(Optional::stream)
                    .sorted((a, b) -> a.toString().compareTo(b.toString()))
                    .toList();
        }
    }

    /** The tags of a repository. */
    List<String> tags(String repository) throws IOException {
        Path directory = root.resolve("repositories").resolve(repository).resolve("_manifests/tags");
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }

    /** What a tag names, or nothing when its link cannot be read. */
    Optional<Digest> tag(String repository, String tag) {
        return readLink(root.resolve("repositories")
                .resolve(repository)
                .resolve("_manifests/tags")
                .resolve(tag)
                .resolve("current/link"));
    }

    private static Optional<Digest> readLink(Path link) {
        try {
            return Optional.of(Digest.parse(
                    Files.readString(link, StandardCharsets.US_ASCII).strip()));
        } catch (IOException | OciException e) {
            return Optional.empty();
        }
    }

    /** The file with the bytes of {@code digest}: a regular file within the tree, or nothing. */
    Optional<Path> blob(Digest digest) {
        Path file = root.resolve("blobs")
                .resolve(digest.algorithm().label())
                .resolve(digest.hex().substring(0, 2))
                .resolve(digest.hex())
                .resolve("data");
        try {
            boolean inside = Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
                    && file.toRealPath().startsWith(real);
            return inside && Files.isReadable(file) ? Optional.of(file) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** How many bytes all blobs have. */
    long size() throws IOException {
        Path blobs = root.resolve("blobs");
        if (!Files.isDirectory(blobs)) {
            return 0;
        }
        try (Stream<Path> files = Files.walk(blobs)) {
            return files.filter(Files::isRegularFile)
                    .mapToLong(DistributionTree::size)
                    .sum();
        }
    }

    static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            return 0;
        }
    }
}
