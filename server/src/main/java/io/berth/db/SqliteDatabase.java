package io.berth.db;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.random.RandomGenerator;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteDataSource;

/**
 * SQLite in write-ahead mode: one thread that writes and groups commits ({@link GroupCommitWriter}), and a few that read
 * ({@link SqliteReaders}). JDBC never runs on the caller's thread, since SQLite's native calls would pin the carriers of
 * virtual threads.
 *
 * <p>{@code synchronous=FULL}: a commit is on the disk when it returns.
 */
public final class SqliteDatabase implements Database {
    /** The database's file name within its directory. */
    public static final String FILE = "berth.db";

    private static final Map<String, String> PLACEHOLDERS =
            Map.of("identity", "INTEGER PRIMARY KEY AUTOINCREMENT", "bytes", "BLOB", "in_byte_order", "COLLATE BINARY");

    private final GroupCommitWriter writer;
    private final SqliteReaders readers;

    private SqliteDatabase(GroupCommitWriter writer, SqliteReaders readers) {
        this.writer = writer;
        this.readers = readers;
    }

    /**
     * Opens the database in {@code directory}, made and migrated when necessary.
     *
     * @param readers threads that read, at least 1
     * @throws IllegalStateException when it cannot be used, with what to do
     */
    public static SqliteDatabase open(
            Path directory, int readers, Clock clock, RandomGenerator random, DatabaseMetrics metrics) {
        var reserve = new StartReserve(directory);
        try {
            Files.createDirectories(directory);
            FileSystems.requireLocal(directory);
            requireWritable(directory);
            FileSystems.warnOfSmallBlocks(directory);
            reserve.free();
        } catch (IOException e) {
            throw new IllegalStateException("the database directory " + directory + " cannot be used: " + e, e);
        }
        String url = "jdbc:sqlite:" + directory.resolve(FILE);
        SQLiteDataSource source = source(url);
        Migrations.run(source, PLACEHOLDERS);
        try {
            var writer = new GroupCommitWriter(source, clock, random, metrics);
            var database = new SqliteDatabase(writer, new SqliteReaders(source, readers, clock, random, metrics));
            reserve.take();
            return database;
        } catch (SQLException e) {
            throw new IllegalStateException("the database in " + directory + " cannot be opened: " + e.getMessage(), e);
        }
    }

    // SQLite itself would say so at the first write only, and without the name.
    private static void requireWritable(Path directory) {
        Path file = directory.resolve(FILE);
        Path wrong = !Files.isWritable(directory) ? directory : file;
        if (wrong == directory || (Files.exists(file) && !Files.isWritable(file))) {
            throw new IllegalStateException("the database cannot be written, since " + wrong
                    + " cannot: give Berth's user the right to, or set database.directory to another");
        }
    }

    private static SQLiteDataSource source(String url) {
        var config = new SQLiteConfig();
        config.setJournalMode(SQLiteConfig.JournalMode.WAL);
        config.setSynchronous(SQLiteConfig.SynchronousMode.FULL);
        config.setTempStore(SQLiteConfig.TempStore.MEMORY);
        config.setCacheSize(-8_000); // KiB
        config.enforceForeignKeys(true);
        config.setBusyTimeout((int) Duration.ofSeconds(30).toMillis());
        config.setPragma(SQLiteConfig.Pragma.JOURNAL_SIZE_LIMIT, Long.toString(64 << 20));
        var source = new SQLiteDataSource(config);
        source.setUrl(url);
        return source;
    }

    @Override
    public <T> T read(Work<T> work) {
        return await(readers.submit(work));
    }

    @Override
    public <T> T write(Work<T> work) {
        return await(writer.submit(work));
    }

    @Override
    public <T> CompletableFuture<T> writeLater(Work<T> work) {
        return writer.submitLater(work);
    }

    @Override
    public boolean isShared() {
        return false;
    }

    @Override
    public int queued() {
        return writer.queued();
    }

    private static <T> T await(CompletableFuture<T> future) {
        try {
            return future.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            if (e.getCause() instanceof Error cause) {
                throw cause;
            }
            throw e;
        }
    }

    @Override
    public void close() {
        writer.close();
        readers.close();
    }
}
