/**
 * The database: SQLite in the process by default, PostgreSQL at scale, with one schema and one set of SQL.
 *
 * <p>Work is handed over as a function of a {@link io.berth.db.Tx}; {@link io.berth.db.Database#read} runs it on a
 * reader, {@link io.berth.db.Database#write} in a transaction that is durable when the call returns. Each feature keeps
 * its SQL in its own package as JDBI SqlObject interfaces, which {@link io.berth.db.Daos} implements; here live the
 * transactions, the migrations, and the change
 * feed to which every metadata transaction appends.
 */
package io.berth.db;
