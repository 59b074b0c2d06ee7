package io.berth.gc;

import io.berth.db.Database;

/** Follows what tags, manifests and repositories point at. For one thread. */
final class ReferenceCheck {
    private static final ManifestDao.Reference FIRST_REFERENCE = new ManifestDao.Reference(0, "", "", "", "");

    private final Database database;
    private final Findings findings;
    private final boolean repair;

    ReferenceCheck(Database database, Findings findings, boolean repair) {
        this.database = database;
        this.findings = findings;
        this.repair = repair;
    }

    void run() {
        Pages.each(
                database,
                FIRST_REFERENCE,
                (tx, after) -> tx.dao(ManifestDao.class).missing(after.manifestId(), after.digest()),
                reference -> findings.damage(name(reference) + " needs " + reference.digest()
                        + ", which the repository does not have; pushing it again heals it"));
        Pages.each(
                database,
                FIRST_REFERENCE,
                (tx, after) -> tx.dao(ManifestDao.class).unresolved(after.manifestId(), after.digest()),
                this::unresolved);
        Pages.each(
                database,
                new ManifestDao.Tag(0, "", "", ""),
                (tx, after) -> tx.dao(ManifestDao.class).danglingTags(after.repositoryId(), after.name()),
                tag -> findings.damage("tag " + tag.repository() + ":" + tag.name() + " names " + tag.digest()
                        + ", which the repository does not have; pushing the tag again heals it"));
        Pages.each(
                database,
                new ManifestDao.Link(0, "", ""),
                (tx, after) -> tx.dao(ManifestDao.class).danglingLinks(after.repositoryId(), after.digest()),
                link -> findings.damage(link.repository() + ": has a link to " + link.digest()
                        + ", which is no blob; pushing it again heals it"));
    }

    long tags() {
        return database.read(tx -> tx.dao(ManifestDao.class).countTags());
    }

    private static String name(ManifestDao.Reference reference) {
        return reference.repository() + ": manifest " + reference.manifest();
    }

    private void unresolved(ManifestDao.Reference reference) {
        switch (reference.kind()) {
            case "PRESENT" -> {
                findings.warning(name(reference) + " needs " + reference.digest()
                        + ", which is there and does not count as needed");
                if (repair) {
                    Pages.write(
                            database,
                            tx -> tx.dao(ManifestDao.class).resolve(reference.manifestId(), reference.digest()));
                    findings.repair(name(reference) + " holds " + reference.digest() + " now");
                }
            }
            case "FOREIGN" -> {} // lies elsewhere by its nature
            default -> findings.sparse(name(reference) + " names " + reference.digest() + ", which was never there");
        }
    }
}
