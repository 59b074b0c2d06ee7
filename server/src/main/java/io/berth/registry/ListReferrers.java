package io.berth.registry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.berth.db.Database;
import io.berth.oci.Digest;
import io.berth.oci.Json;
import io.berth.oci.MediaType;
import io.berth.oci.RepositoryName;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Lists the manifests that are about another: those whose {@code subject} it is, and those that a client without this API
 * has listed under the referrers tag. Thread-safe.
 *
 * @see <a href="https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers">
 *     distribution-spec, Listing Referrers</a>
 */
final class ListReferrers {
    private static final int MAX_COUNT = 1000;
    private static final int MAX_BYTES = 1 << 20;
    private static final int DESCRIPTOR_BYTES = 300;

    /** What is about a digest that nothing is about. */
    static final Page NOTHING = new Page(index(List.of()), Optional.empty());

    private final Database database;

    ListReferrers(Database database) {
        this.database = database;
    }

    /**
     * A page.
     *
     * @param index an image index
     * @param last where the next page begins, or nothing when this is the last
     */
    record Page(byte[] index, Optional<String> last) {}

    /**
     * @param artifactType only those of this type; empty for all
     * @param after the digest after which the page begins; empty for the start
     * @param limit at most so many; 0 for as many as fit
     */
    Page list(RepositoryName repository, Digest subject, String artifactType, String after, int limit) {
        int count = limit > 0 ? Math.min(limit, MAX_COUNT) : MAX_COUNT;
        return database.read(tx -> {
            ManifestDao dao = tx.dao(ManifestDao.class);
            var all = new TreeMap<String, Entry>(tagged(dao, repository, subject, artifactType, after));
            for (ManifestDao.Referrer referrer :
                    dao.referrers(repository.value(), subject.toString(), artifactType, after, count + 1)) {
                all.put(
                        referrer.digest(),
                        new Entry(descriptor(referrer), DESCRIPTOR_BYTES + referrer.annotationBytes()));
            }
            var page = new LinkedHashMap<String, ObjectNode>();
            long bytes = 0;
            for (Map.Entry<String, Entry> next : all.entrySet()) {
                bytes += next.getValue().bytes();
                // Annotations may be megabytes, so bytes bound a page as well as its count.
                if (page.size() == count || bytes > MAX_BYTES && !page.isEmpty()) {
                    break;
                }
                page.put(next.getKey(), next.getValue().descriptor());
            }
            String last = page.isEmpty() ? "" : page.lastEntry().getKey();
            for (ManifestDao.Annotations of :
                    dao.annotations(repository.value(), subject.toString(), artifactType, after, last)) {
                ObjectNode descriptor = page.get(of.digest());
                if (descriptor != null) {
                    descriptor.set("annotations", read(of.annotations().getBytes(StandardCharsets.UTF_8)));
                }
            }
            return new Page(index(page.values()), page.size() < all.size() ? Optional.of(last) : Optional.empty());
        });
    }

    private record Entry(ObjectNode descriptor, long bytes) {}

    private static ObjectNode descriptor(ManifestDao.Referrer referrer) {
        ObjectNode descriptor = Json.MAPPER.createObjectNode();
        descriptor.put("mediaType", referrer.mediaType());
        descriptor.put("digest", referrer.digest());
        descriptor.put("size", referrer.size());
        if (referrer.artifactType() != null) {
            descriptor.put("artifactType", referrer.artifactType());
        }
        return descriptor;
    }

    // What the referrers tag lists: only what exists, and only what the database does not know to be a referrer anyway.
    private static Map<String, Entry> tagged(
            ManifestDao dao, RepositoryName repository, Digest subject, String artifactType, String after) {
        Optional<ManifestDao.StoredManifest> index =
                dao.findByTag(repository.value(), subject.referrersTag().name());
        if (index.isEmpty() || !index.get().mediaType().equals(MediaType.OCI_INDEX)) {
            return Map.of();
        }
        var entries = new HashMap<String, Entry>();
        for (JsonNode node : read(index.get().content()).path("manifests")) {
            String digest = node.path("digest").asText();
            boolean wanted = artifactType.isEmpty()
                    || artifactType.equals(node.path("artifactType").asText());
            if (wanted
                    && node instanceof ObjectNode descriptor
                    && digest.compareTo(after) > 0
                    && dao.countAboutOthers(repository.value(), digest, subject.toString()) > 0) {
                entries.put(digest, new Entry(descriptor, descriptor.toString().length()));
            }
        }
        return entries;
    }

    private static JsonNode read(byte[] json) {
        try {
            return Json.MAPPER.readTree(json);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static byte[] index(Collection<ObjectNode> manifests) {
        return manifests.stream()
                .map(ObjectNode::toString)
                .collect(Collectors.joining(
                        ",",
                        "{\"schemaVersion\":2,\"mediaType\":\"" + MediaType.OCI_INDEX + "\",\"manifests\":[",
                        "]}"))
                .getBytes(StandardCharsets.UTF_8);
    }
}
