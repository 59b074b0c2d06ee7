package io.berth.registry;

import static org.assertj.core.api.Assertions.assertThat;

import io.berth.db.TestDatabase;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A page of a long list is found in an index and read from there in order: no scan, no sort. */
class ListPlansTest {
    private static final int ROWS = 100_000;
    private static final Pattern PARAMETER = Pattern.compile("(?<!:):([A-Za-z]+)");
    private static final Map<String, String> PARAMETERS = Map.of(
            "repository", "1",
            "last", "'sha256:500'",
            "limit", "101",
            "subject", "'sha256:subject'",
            "artifactType", "'application/x'");

    @TempDir
    Path directory;

    @ParameterizedTest
    @EnumSource
    void aPageIsReadFromAnIndex(TestDatabase kind) throws SQLException, IOException {
        kind.open(directory, Clock.systemUTC(), new SecureRandom()).close();
        String url = kind == TestDatabase.SQLITE
                ? "jdbc:sqlite:" + directory.resolve("berth.db")
                : Files.readString(directory.resolve("postgres-url"));
        try (Connection connection = DriverManager.getConnection(url);
                Statement statement = connection.createStatement()) {
            fill(statement);
            for (String query : List.of(
                    sql(TagDao.class, "page").replace(":after", "'t5'"),
                    sql(RepositoryDao.class, "page").replace(":after", "'many/repository-5'"),
                    ofSubject(sql(ManifestDao.class, "referrers")),
                    ofSubject(sql(ManifestDao.class, "annotations")))) {
                List<String> plan = plan(kind, statement, bound(query));
                assertThat(plan)
                        .as(query + String.join("\n", plan))
                        .anyMatch(step -> step.matches(".*(SEARCH|Index (Only )?Scan).*"))
                        .noneMatch(step -> step.contains("Sort") || step.contains("Seq Scan"))
                        .noneMatch(step -> step.contains("SCAN") && !step.contains("page"))
                        // SQLite joins the names of a page, which the index gave in their order, by its own means.
                        .noneMatch(step -> step.contains("TEMP B-TREE") && !step.contains("string_agg"));
            }
        }
    }

    private static void fill(Statement statement) throws SQLException {
        statement.execute(
                "INSERT INTO project (id, name, public, created_at, prefix) VALUES (999, 'many', false, 0, 'many/')");
        String numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " + ROWS + ") ";
        statement.execute(numbers + """
                INSERT INTO repository (id, project_id, name, listed, created_at)
                SELECT i, 999, 'many/repository-' || i, true, 0 FROM n
                """);
        statement.execute(numbers
                + "INSERT INTO manifest_content (digest, content) SELECT 'sha256:' || i, 'x' FROM n"
                        .replace("'x'", "CAST('x' AS " + bytes(statement) + ")"));
        statement.execute(numbers + """
                INSERT INTO manifest (id, repository_id, digest, media_type, artifact_type, subject, annotations, size,
                                      leased_until, pushed_at)
                SELECT i, 1, 'sha256:' || i, 'm', 'application/x', 'sha256:subject', '{}', 1, 0, 0 FROM n
                """);
        statement.execute(numbers + """
                INSERT INTO tag (repository_id, name, manifest_id, digest, created_at, updated_at)
                SELECT 1, 't' || i, 1, 'sha256:1', 0, 0 FROM n
                """);
        statement.execute("ANALYZE");
    }

    private static String bytes(Statement statement) throws SQLException {
        return statement.getConnection().getMetaData().getDatabaseProductName().equals("SQLite") ? "BLOB" : "BYTEA";
    }

    private static String sql(Class<?> dao, String method) {
        Method found = Arrays.stream(dao.getDeclaredMethods())
                .filter(one -> one.getName().equals(method))
                .findFirst()
                .orElseThrow();
        return found.getAnnotation(SqlQuery.class).value();
    }

    private static String ofSubject(String sql) {
        return sql.replace(":repository", "'many/repository-1'").replace(":after", "'sha256:5'");
    }

    private static String bound(String sql) {
        return PARAMETER.matcher(sql).replaceAll(match -> PARAMETERS.get(match.group(1)));
    }

    private static List<String> plan(TestDatabase kind, Statement statement, String sql) throws SQLException {
        boolean sqlite = kind == TestDatabase.SQLITE;
        var steps = new ArrayList<String>();
        try (var rows = statement.executeQuery((sqlite ? "EXPLAIN QUERY PLAN " : "EXPLAIN (COSTS OFF) ") + sql)) {
            while (rows.next()) {
                steps.add(rows.getString(sqlite ? 4 : 1));
            }
        }
        return steps;
    }
}
