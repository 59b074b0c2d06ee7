package io.berth.gc;

import io.berth.db.Database;

/**
 * Counts anew what projects are charged for: each blob and manifest once, however many of their repositories hold it. For
 * one thread.
 */
final class CounterCheck {
    private static final CounterDao.Link FIRST_LINK = new CounterDao.Link(0, "", 0, "", 0);

    private final Database database;
    private final Findings findings;
    private final boolean repair;
    private long corrected;

    CounterCheck(Database database, Findings findings, boolean repair) {
        this.database = database;
        this.findings = findings;
        this.repair = repair;
    }

    void run() {
        Pages.each(
                database,
                new CounterDao.Charge(0, "", "", 0, 0, 0, 0),
                (tx, after) -> tx.dao(CounterDao.class).charges(after.projectId(), after.digest()),
                this::checkCharge);
        Pages.each(
                database,
                FIRST_LINK,
                (tx, after) -> tx.dao(CounterDao.class).unchargedBlobs(after.repositoryId(), after.digest()),
                this::uncharged);
        Pages.each(
                database,
                FIRST_LINK,
                (tx, after) -> tx.dao(CounterDao.class).unchargedManifests(after.repositoryId(), after.digest()),
                this::uncharged);
        // Last, since the sums follow from the rows above.
        Pages.each(
                database,
                new CounterDao.Usage(0, "", 0, 0),
                (tx, after) -> tx.dao(CounterDao.class).usages(after.id()),
                this::checkUsage);
        if (corrected > 0) {
            findings.repair(corrected + " counters of projects were computed anew");
        }
    }

    private void checkCharge(CounterDao.Charge charge) {
        boolean counted = charge.refs() == charge.actualRefs();
        if (counted && charge.size() == charge.actualSize()) {
            return;
        }
        findings.damage("project " + charge.project() + ": " + charge.digest()
                + (counted
                        ? " has %d bytes, charged are %d".formatted(charge.actualSize(), charge.size())
                        : " is linked %d times, recorded are %d".formatted(charge.actualRefs(), charge.refs())));
        correct(dao -> {
            if (charge.actualRefs() == 0) {
                dao.release(charge.projectId(), charge.digest());
            } else {
                dao.charge(charge.projectId(), charge.digest(), charge.actualSize());
                dao.count(charge.projectId(), charge.digest());
            }
        });
    }

    private void uncharged(CounterDao.Link link) {
        findings.damage("project " + link.project() + ": " + link.digest() + " is linked and not charged");
        correct(dao -> {
            dao.charge(link.projectId(), link.digest(), link.size());
            dao.count(link.projectId(), link.digest());
        });
    }

    private void checkUsage(CounterDao.Usage usage) {
        if (usage.used() != usage.actual()) {
            findings.damage("project %s is charged %d bytes and holds %d"
                    .formatted(usage.name(), usage.used(), usage.actual()));
            correct(dao -> dao.setUsed(usage.id(), usage.actual()));
        }
    }

    private void correct(java.util.function.Consumer<CounterDao> change) {
        if (repair) {
            Pages.write(database, tx -> change.accept(tx.dao(CounterDao.class)));
            corrected++;
        }
    }
}
