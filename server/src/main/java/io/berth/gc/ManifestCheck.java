package io.berth.gc;

import io.berth.db.Database;
import io.berth.oci.Descriptor;
import io.berth.oci.Digest;
import io.berth.oci.Manifest;
import io.berth.oci.ManifestParser;
import io.berth.oci.OciException;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Reads every manifest: its bytes have its digest, and everything that it names is recorded as a reference, by which
 * nothing that an image needs is ever deleted. For one thread.
 */
final class ManifestCheck {
    private final Database database;
    private final Findings findings;
    private final boolean repair;
    private long count;
    private long unused;

    ManifestCheck(Database database, Findings findings, boolean repair) {
        this.database = database;
        this.findings = findings;
        this.repair = repair;
    }

    void run() {
        Pages.each(
                database,
                new ManifestDao.Content(""),
                (tx, after) -> tx.dao(ManifestDao.class).contents(after.digest()),
                content -> check(content.digest()));
        if (unused > 0 && repair) {
            findings.repair(unused + " manifests that are in no repository were removed");
        }
        Pages.each(
                database,
                new ManifestDao.Manifest(0, "", "", "", 0),
                (tx, after) -> tx.dao(ManifestDao.class).withoutContent(after.id()),
                row -> findings.damage(name(row) + ": its bytes are missing"));
    }

    long count() {
        return count;
    }

    private static String name(ManifestDao.Manifest row) {
        return row.repository() + ": manifest " + row.digest();
    }

    private void check(String digest) {
        count++;
        Optional<byte[]> content = database.read(tx -> tx.dao(ManifestDao.class).content(digest));
        if (content.isEmpty()) {
            return; // removed by an earlier step of this very repair
        }
        boolean sound = isSound(digest, content.get());
        var found = new boolean[1];
        Pages.each(
                database,
                new ManifestDao.Manifest(0, "", "", "", 0),
                (tx, after) -> tx.dao(ManifestDao.class).manifests(digest, after.id()),
                row -> {
                    found[0] = true;
                    if (row.size() != content.get().length) {
                        findings.damage(name(row)
                                + ": has %d bytes, recorded are %d".formatted(content.get().length, row.size()));
                    }
                    if (sound) {
                        checkReferences(row, content.get());
                    }
                });
        if (!found[0]) {
            unused++;
            findings.warning("manifest " + digest + " is in no repository");
            if (repair) {
                Pages.write(database, tx -> tx.dao(ManifestDao.class).deleteUnused(digest));
            }
        }
    }

    private boolean isSound(String digest, byte[] content) {
        Digest actual;
        try {
            actual = Digest.of(Digest.parse(digest).algorithm(), content);
        } catch (OciException e) {
            findings.damage("manifest " + digest + ": is no digest");
            return false;
        }
        if (!actual.toString().equals(digest)) {
            findings.damage("manifest " + digest + ": its bytes have the digest " + actual
                    + "; deleting it and pushing it again heals it");
            return false;
        }
        return true;
    }

    private void checkReferences(ManifestDao.Manifest row, byte[] content) {
        Manifest manifest;
        try {
            manifest = ManifestParser.parse(content, row.mediaType());
        } catch (OciException e) {
            findings.warning(name(row) + ": cannot be read (" + e.getMessage() + ")");
            return;
        }
        Set<String> recorded = new HashSet<>(database.<java.util.List<String>>read(
                tx -> tx.dao(ManifestDao.class).references(row.id())));
        Set<String> named = Stream.concat(manifest.blobs().stream(), manifest.manifests().stream())
                .map(Descriptor::digest)
                .map(Digest::toString)
                .collect(Collectors.toSet());
        for (String digest : named) {
            if (!recorded.contains(digest)) {
                findings.damage(name(row) + ": that it needs " + digest
                        + " is not recorded; pushing the manifest again heals it");
            }
        }
        for (String digest : recorded) {
            if (!named.contains(digest)) {
                findings.damage(name(row) + ": that it needs " + digest
                        + " is recorded and is not so; pushing the manifest again heals it");
            }
        }
    }
}
