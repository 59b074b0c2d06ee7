/**
 * Who did what to which thing, from where, by which rule, with what result. Changes come from the change feed, each once;
 * pulls, logins and refusals change nothing and come through a queue that never makes a request wait. Entries can be
 * searched, exported and forwarded to a syslog receiver, and go when they are old.
 *
 * <p>Uses the database, the sink that {@code http} declares, and the site's settings.
 */
package io.berth.audit;
