package io.berth.registry;

import io.berth.oci.Digest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/** Writes what docker-registry (distribution) would have written to its data directory. */
public final class TreeOfImages {
    public static final String CONFIG = "{}";

    private final Path directory;
    private final Random random = new Random(11);

    public TreeOfImages(Path directory) {
        this.directory = directory;
    }

    public Path root() {
        return directory.resolve("docker/registry/v2");
    }

    public Path repository(String name) {
        return root().resolve("repositories").resolve(name);
    }

    public Path blobFile(Digest digest) {
        return root().resolve("blobs")
                .resolve(digest.algorithm().label())
                .resolve(digest.hex().substring(0, 2))
                .resolve(digest.hex())
                .resolve("data");
    }

    public Digest blob(byte[] content) throws IOException {
        Digest digest = Digest.of(Digest.Algorithm.SHA256, content);
        Files.createDirectories(blobFile(digest).getParent());
        Files.write(blobFile(digest), content);
        return digest;
    }

    public Digest blob(String content) throws IOException {
        return blob(content.getBytes(StandardCharsets.UTF_8));
    }

    public byte[] bytes(int size) {
        byte[] content = new byte[size];
        random.nextBytes(content);
        return content;
    }

    public void link(String repository, String path, Digest digest) throws IOException {
        Path link = repository(repository).resolve(path).resolve("link");
        Files.createDirectories(link.getParent());
        Files.writeString(link, digest.toString());
    }

    public void layerLink(String repository, Digest digest) throws IOException {
        link(repository, "_layers/" + digest.algorithm().label() + "/" + digest.hex(), digest);
    }

    public void revisionLink(String repository, Digest digest) throws IOException {
        link(repository, "_manifests/revisions/" + digest.algorithm().label() + "/" + digest.hex(), digest);
    }

    public void tag(String repository, String tag, Digest digest) throws IOException {
        link(repository, "_manifests/tags/" + tag + "/current", digest);
        link(repository, "_manifests/tags/" + tag + "/index/sha256/" + digest.hex(), digest);
    }

    /** A pushed manifest. */
    public Digest manifest(String repository, String content) throws IOException {
        Digest digest = blob(content);
        revisionLink(repository, digest);
        return digest;
    }

    /** What a push of an image with these layers leaves. */
    public record Image(Digest manifest, Digest config, java.util.List<Digest> layers) {
        public Digest layer() {
            return layers.getFirst();
        }
    }

    /** An untagged image of a configuration and layers of these sizes. */
    public Image image(String repository, int... layerSizes) throws IOException {
        Digest config = blob(CONFIG);
        layerLink(repository, config);
        var layers = new java.util.ArrayList<Digest>();
        var descriptors = new StringBuilder();
        for (int size : layerSizes) {
            Digest layer = blob(bytes(size));
            layerLink(repository, layer);
            layers.add(layer);
            descriptors
                    .append(descriptors.isEmpty() ? "" : ",")
                    .append(descriptor("application/vnd.oci.image.layer.v1.tar", layer, size));
        }
        Digest manifest = manifest(
                repository,
                "{\"schemaVersion\":2,\"config\":" + descriptor("a/b", config, CONFIG.length()) + ",\"layers\":["
                        + descriptors + "]}");
        return new Image(manifest, config, layers);
    }

    /** The same with one large layer, and tagged. */
    public Image image(String repository, String tag) throws IOException {
        Image image = image(repository, 100_000);
        tag(repository, tag, image.manifest());
        return image;
    }

    public Digest index(String repository, Digest... children) throws IOException {
        var descriptors = new StringBuilder();
        for (Digest child : children) {
            descriptors
                    .append(descriptors.isEmpty() ? "" : ",")
                    .append(descriptor(
                            "application/vnd.oci.image.manifest.v1+json",
                            child,
                            Files.exists(blobFile(child)) ? Files.size(blobFile(child)) : 7));
        }
        return manifest(repository, "{\"schemaVersion\":2,\"manifests\":[" + descriptors + "]}");
    }

    public static String descriptor(String mediaType, Digest digest, long size) {
        return "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%d}".formatted(mediaType, digest, size);
    }
}
