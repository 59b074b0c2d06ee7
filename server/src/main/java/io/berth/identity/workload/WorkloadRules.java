package io.berth.identity.workload;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.db.Tx;
import io.berth.identity.AccessVersion;
import io.berth.identity.Robots;
import io.berth.oci.ErrorCode;
import io.berth.oci.Json;
import io.berth.oci.OciException;
import java.net.URI;
import java.util.List;
import java.util.Optional;

/** The rules by which a CI's own tokens count as a robot's secret. Thread-safe. */
public final class WorkloadRules {
    private final Database database;
    private final AccessVersion version;

    public WorkloadRules(Database database, AccessVersion version) {
        this.database = database;
        this.version = version;
    }

    /**
     * A rule.
     *
     * @param issuer exactly as tokens name it
     * @param robot the id of the robot whose rights a token has
     * @param updatedAt milliseconds since 1970
     */
    public record Rule(
            long id, String name, String issuer, JsonNode settings, long robot, boolean enabled, long updatedAt) {}

    /** All, in the order in which they are tried. */
    public List<Rule> list() {
        return database.read(this::list);
    }

    /** The same within a transaction. */
    public List<Rule> list(Tx tx) {
        return tx.dao(WorkloadRuleDao.class).all().stream()
                .map(WorkloadRules::rule)
                .toList();
    }

    public Optional<Rule> find(String name) {
        return database.read(tx -> tx.dao(WorkloadRuleDao.class).find(name)).map(WorkloadRules::rule);
    }

    private static Rule rule(WorkloadRuleDao.Row row) {
        try {
            return new Rule(
                    row.id(),
                    row.name(),
                    row.issuer(),
                    Json.MAPPER.readTree(row.settings()),
                    row.robotId(),
                    row.enabled(),
                    row.updatedAt());
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("stored settings are no JSON", e);
        }
    }

    /**
     * Adds a rule, or puts one in the place of the one of its name; what was let in by the old one ends.
     *
     * @throws OciException {@code BAD_REQUEST} for what cannot be, {@code NOT_FOUND} when there is no such robot
     */
    public void put(String name, String issuer, JsonNode settings, long robot, boolean enabled, Change.Origin origin) {
        database.write(tx -> {
            put(tx, name, issuer, settings, robot, enabled, origin);
            return null;
        });
    }

    /** The same within a transaction. */
    public void put(
            Tx tx, String name, String issuer, JsonNode settings, long robot, boolean enabled, Change.Origin origin) {
        if (!name.matches("[a-z0-9](?:[a-z0-9._-]{0,98}[a-z0-9])?")) {
            throw new OciException(
                    ErrorCode.BAD_REQUEST, "a rule's name has lower-case letters, digits and . _ - between them");
        }
        RuleSettings.requireSafe(issuer(issuer), "the issuer");
        RuleSettings.parse(settings);
        Robots.require(tx, robot);
        WorkloadRuleDao dao = tx.dao(WorkloadRuleDao.class);
        Optional<WorkloadRuleDao.Row> before = dao.find(name);
        dao.delete(name); // a new id, so that credentials by the old rule stand for nobody
        dao.insert(name, issuer, Json.write(settings), robot, enabled, tx.nowMillis());
        ObjectNode payload = Json.MAPPER.createObjectNode();
        payload.put("issuer", issuer)
                .put("robot", robot)
                .put("enabled", enabled)
                .set("settings", settings);
        before.ifPresent(row -> payload.set("old", rule(row).settings()));
        tx.change(new Change(
                before.isPresent() ? "workload-rule-updated" : "workload-rule-created",
                name,
                Json.write(payload),
                origin));
        version.raise(tx);
    }

    private static URI issuer(String issuer) {
        try {
            return URI.create(issuer);
        } catch (IllegalArgumentException e) {
            throw new OciException(ErrorCode.BAD_REQUEST, "the issuer is a URL, exactly as tokens name it");
        }
    }

    /** @throws OciException {@code NOT_FOUND} */
    public void remove(String name, Change.Origin origin) {
        database.write(tx -> {
            remove(tx, name, origin);
            return null;
        });
    }

    /** The same within a transaction. */
    public void remove(Tx tx, String name, Change.Origin origin) {
        if (tx.dao(WorkloadRuleDao.class).delete(name) == 0) {
            throw new OciException(ErrorCode.NOT_FOUND, "there is no rule '" + name + "'");
        }
        tx.change(new Change("workload-rule-deleted", name, "{}", origin));
        version.raise(tx);
    }
}
