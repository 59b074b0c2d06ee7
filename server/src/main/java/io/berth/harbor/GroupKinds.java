package io.berth.harbor;

import io.berth.db.Database;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.util.Map;

/**
 * Harbor's numbers of kinds of groups, 1 for LDAP, 2 for HTTP and 3 for OIDC, and the sources that they mean: the first of
 * the kind, or its name as long as there is none.
 */
final class GroupKinds {
    private final Database database;

    GroupKinds(Database database) {
        this.database = database;
    }

    /** @throws OciException {@code BAD_REQUEST} for another number */
    String source(long kind) {
        return switch ((int) kind) {
            case 1 -> named("LDAP", "ldap");
            case 2 -> "http";
            case 3 -> named("OIDC", "oidc");
            default -> throw new OciException(ErrorCode.BAD_REQUEST, "the group type is not one of 1, 2 and 3");
        };
    }

    private String named(String kind, String fallback) {
        return database.read(tx -> tx.dao(RowsDao.class)
                .row(
                        "SELECT name FROM identity_source WHERE kind = :kind ORDER BY position, name LIMIT 1",
                        Map.of("kind", kind))
                .map(row -> row.text("name"))
                .orElse(fallback));
    }

    /** The number of a row with its {@code source} and that source's {@code kind}. */
    static int of(Row row) {
        String kind =
                row.text("kind") == null ? row.text("source").toUpperCase(java.util.Locale.ROOT) : row.text("kind");
        return switch (kind) {
            case "LDAP" -> 1;
            case "OIDC" -> 3;
            default -> 2;
        };
    }
}
