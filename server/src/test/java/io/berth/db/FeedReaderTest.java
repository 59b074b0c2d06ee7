package io.berth.db;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@ParameterizedClass
@EnumSource(TestDatabase.class)
class FeedReaderTest {
    @Parameter
    TestDatabase kind;

    @TempDir
    Path directory;

    private Database database;
    private final List<String> seen = new ArrayList<>();

    @BeforeEach
    void open() {
        database = kind.open(directory, Clock.systemUTC(), new Random(1));
    }

    @AfterEach
    void close() {
        database.close();
    }

    private void change(String... keys) {
        database.write(tx -> {
            for (String key : keys) {
                tx.change(new Change("test", key, "{}", Change.Origin.by("somebody")));
            }
            return null;
        });
    }

    private int read(int limit) {
        return new FeedReader(database, "reader")
                .read(limit, (tx, entries) -> entries.forEach(entry -> seen.add(entry.key())));
    }

    @Test
    void eachChangeIsSeenOnceInItsOrderAlsoAfterARestart() {
        change("a", "b", "c");
        assertThat(read(2)).isEqualTo(2);
        database.close();
        open();
        assertThat(read(2)).isEqualTo(1);
        assertThat(read(2)).isZero();
        change("d");
        assertThat(read(2)).isEqualTo(1);
        assertThat(seen).containsExactly("a", "b", "c", "d");
    }

    @Test
    void whatFailsIsSeenAgain() {
        change("a");
        assertThatThrownBy(() -> new FeedReader(database, "reader").read(10, (tx, entries) -> {
                    tx.change(new Change("made", "by the reader", "{}", Change.Origin.SYSTEM));
                    throw new IllegalStateException("no");
                }))
                .hasMessage("no");
        assertThat(read(10)).isEqualTo(1);
        assertThat(seen).containsExactly("a");
    }

    @Test
    void theFeedIsKeptUntilItsReadersHaveSeenIt() {
        change("a", "b");
        var feed = new ChangeFeed(database);
        assertThat(read(1)).isEqualTo(1);
        assertThat(feed.trim(Duration.ofMinutes(-1))).isEqualTo(1);
        assertThat(read(1)).isEqualTo(1);
        assertThat(feed.trim(Duration.ofMinutes(-1))).isEqualTo(1);
        assertThat(read(1)).isZero();
        assertThat(seen).containsExactly("a", "b");
    }

    @Test
    void anEmptyTableIsSettledAtNothing() {
        assertThat(FeedReader.settled(database)).isZero();
        change("a");
        assertThat(FeedReader.settled(database)).isEqualTo(1);
    }
}
