package io.berth.db;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.lang.reflect.Method;
import java.sql.Connection;
import java.sql.DriverManager;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jdbi.v3.sqlobject.config.KeyColumn;
import org.jdbi.v3.sqlobject.config.ValueColumn;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.customizer.BindMethods;
import org.jdbi.v3.sqlobject.customizer.Define;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class DaosTest {
    enum Colour {
        RED,
        GREEN
    }

    record Thing(long id, Optional<String> longName, Integer weight, boolean wanted, Colour colour, byte[] content) {}

    record Wish(String name, Long atLeast) {}

    interface Things {
        @SqlUpdate("CREATE TABLE thing (id INTEGER PRIMARY KEY, long_name TEXT UNIQUE, weight INTEGER, wanted BOOLEAN,"
                + " colour TEXT, content BLOB)")
        void define();

        @SqlQuery("""
                INSERT INTO thing (long_name, weight, wanted, colour, content)
                VALUES (:name, :weight, :wanted, 'GREEN', :content) RETURNING id
                """)
        long add(
                @Bind("name") String name,
                @Bind("weight") Integer weight,
                @Bind("wanted") boolean wanted,
                @Bind("content") byte[] content);

        @SqlQuery("SELECT content, colour, wanted, weight, long_name, id, 7 AS more FROM thing WHERE id = :id")
        Optional<Thing> find(@Bind("id") long id);

        @SqlQuery("SELECT * FROM thing ORDER BY id")
        List<Thing> all();

        @SqlQuery("SELECT * FROM thing")
        Optional<Thing> only();

        @SqlQuery("SELECT weight FROM thing WHERE id = :id")
        Integer weight(@Bind("id") long id);

        @SqlQuery("SELECT weight FROM thing WHERE id = :id")
        int weightOrNothing(@Bind("id") long id);

        @SqlQuery("SELECT content FROM thing WHERE id = :id")
        Optional<byte[]> content(@Bind("id") long id);

        @SqlQuery("SELECT id FROM thing WHERE long_name = :w.name AND (:w.atLeast IS NULL OR id >= :w.atLeast)")
        List<Long> wished(@BindMethods("w") Wish wish);

        @SqlQuery("SELECT long_name FROM thing WHERE long_name <> ':id' AND id = :id")
        Set<String> names(@Bind("id") long id);

        @SqlQuery("SELECT colour, long_name FROM thing")
        @KeyColumn("long_name")
        @ValueColumn("colour")
        Map<String, String> colours();

        @SqlUpdate("UPDATE thing SET weight = :weight")
        int weigh(@Bind("weight") int weight);

        @SqlQuery("SELECT COUNT(*) FROM <table>")
        long count(@Define("table") String table);

        @SqlQuery("SELECT 1 AS id FROM thing")
        List<Thing> incomplete();

        @SqlUpdate("DELETE FROM thing WHERE id = :other")
        void unbound(@Bind("id") long id);

        @SqlUpdate("DELETE FROM thing WHERE id = :id")
        int remove(long id);

        default long twice(String name) {
            return add(name, 2, true, null) + 0 * add(name + "2", 2, true, null);
        }
    }

    private Connection connection;
    private Daos daos;
    private Things things;

    @BeforeEach
    void open() throws Exception {
        connection = DriverManager.getConnection("jdbc:sqlite::memory:");
        daos = new Daos(connection);
        things = daos.get(Things.class);
        things.define();
    }

    @AfterEach
    void close() throws Exception {
        connection.close();
    }

    static Stream<Method> fixedSql() {
        return new ClassFileImporter()
                .importPackages("io.berth").stream()
                        .filter(JavaClass::isInterface)
                        .map(JavaClass::reflect)
                        .filter(type -> type != Things.class)
                        .flatMap(type -> Arrays.stream(type.getDeclaredMethods()))
                        .filter(method -> method.isAnnotationPresent(SqlQuery.class)
                                || method.isAnnotationPresent(SqlUpdate.class))
                        .filter(method -> !Daos.isDynamic(method));
    }

    @ParameterizedTest
    @MethodSource("fixedSql")
    void everyDaoIsOfTheKindThatIsKnown(Method method) {
        assertThat(new SqlMethod(method).sql()).isNotBlank();
    }

    @Test
    void aRecordIsMadeOfTheColumnsWithItsNames() {
        long id = things.add("a", 3, true, new byte[] {1, 2});
        assertThat(things.find(id)).hasValueSatisfying(thing -> {
            assertThat(thing)
                    .usingRecursiveComparison()
                    .isEqualTo(new Thing(id, Optional.of("a"), 3, true, Colour.GREEN, new byte[] {1, 2}));
        });
        assertThat(things.find(id + 1)).isEmpty();
    }

    @Test
    void nothingIsNullAndZeroWhereNothingCanBe() {
        long id = things.add(null, null, false, null);
        assertThat(things.find(id)).hasValueSatisfying(thing -> {
            assertThat(thing.longName()).isEmpty();
            assertThat(thing.weight()).isNull();
            assertThat(thing.wanted()).isFalse();
            assertThat(thing.content()).isNull();
        });
        assertThat(things.weight(id)).isNull();
        assertThat(things.weight(id + 1)).isNull();
        assertThat(things.weightOrNothing(id)).isZero();
        assertThat(things.content(id)).isEmpty();
        assertThatThrownBy(() -> things.weightOrNothing(id + 1)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aStatementRunsAgainWithOtherValues() {
        for (int i = 0; i < 5; i++) {
            long id = things.add("n" + i, i, i % 2 == 0, new byte[i]);
            assertThat(things.content(id))
                    .hasValueSatisfying(content -> assertThat(content).hasSize((int) id - 1));
        }
        assertThat(things.all())
                .extracting(thing -> thing.longName().orElseThrow())
                .containsExactly("n0", "n1", "n2", "n3", "n4");
        assertThat(things.wished(new Wish("n3", null))).containsExactly(4L);
        assertThat(things.wished(new Wish("n3", 4L))).containsExactly(4L);
        assertThat(things.wished(new Wish("n3", 5L))).isEmpty();
        assertThat(things.names(2)).containsExactly("n1");
        assertThat(things.colours()).containsEntry("n4", "GREEN").hasSize(5);
        assertThat(things.weigh(9)).isEqualTo(5);
        assertThat(things.remove(77)).isZero();
        assertThat(things.count("thing")).isEqualTo(5);
        assertThat(things.twice("t")).isEqualTo(6);
        assertThatThrownBy(things::only).hasMessageContaining("more than one row");
    }

    @Test
    void aStatementThatFailsIsOverAndTheNextOneIsNot() {
        things.add("a", 1, true, null);
        assertThatThrownBy(() -> things.add("a", 1, true, null))
                .hasMessageContaining("Things.add")
                .hasRootCauseInstanceOf(java.sql.SQLException.class);
        assertThat(things.add("b", 1, true, null)).isEqualTo(2);
    }

    @Test
    void whatCannotWorkSaysWhere() {
        things.add("a", 1, true, null);
        assertThatThrownBy(things::incomplete).hasMessageContaining("Thing.longName");
        assertThatThrownBy(() -> things.unbound(1))
                .hasMessageContaining("Things.unbound")
                .hasMessageContaining(":other");
        assertThat(things).hasToString("Things");
        assertThat(daos.get(Things.class)).isSameAs(things);
    }

    @Test
    void namesStandForQuestionMarksOutsideOfQuotesAndCasts() {
        assertThat(NamedSql.parse("SELECT ':a', \":b\", x::text FROM t WHERE a = :a_1 AND b=:o.name OR c = :a_1"))
                .isEqualTo(new NamedSql(
                        "SELECT ':a', \":b\", x::text FROM t WHERE a = ? AND b=? OR c = ?",
                        List.of("a_1", "o.name", "a_1")));
        assertThat(NamedSql.parse("SELECT 'it''s :a' || :b"))
                .isEqualTo(new NamedSql("SELECT 'it''s :a' || ?", List.of("b")));
        assertThat(NamedSql.parse("SELECT 'open :a")).isEqualTo(new NamedSql("SELECT 'open :a", List.of()));
    }
}
