package io.berth.audit;

import com.fasterxml.jackson.databind.JsonNode;
import io.berth.config.BerthConfig;
import io.berth.db.Database;
import io.berth.http.AuditSink;
import io.berth.site.SiteSettings;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** The parts of the audit, wired. */
public final class Audit implements AutoCloseable {
    private final PullSampling pulls;
    private final AuditLog log;
    private final Optional<SyslogForwarder> syslog;
    private final AuditFeed feed;
    private final AuditQueue queue;

    /** Starts them. */
    public Audit(BerthConfig.Audit config, Database database, SiteSettings site, MeterRegistry registry, Clock clock) {
        var meters = new AuditMeters(registry);
        pulls = new PullSampling(database);
        log = new AuditLog(database, site);
        syslog = config.syslog().map(to -> SyslogForwarder.start(database, to, meters));
        feed = AuditFeed.start(database, site, pulls);
        queue = AuditQueue.start(database, pulls, meters, clock);
    }

    /** What hears of pulls, logins and refusals. */
    public AuditSink sink() {
        return queue;
    }

    /** What was recorded. */
    public AuditLog log() {
        return log;
    }

    /** What commands may ask of a running server, by name. */
    public Map<String, Function<JsonNode, Map<String, Object>>> requests() {
        return Map.of(AuditRequests.NAME, new AuditRequests(log));
    }

    /** What has to be done now and then. */
    public void maintain() {
        pulls.refresh();
        log.expire();
    }

    /** Ends them, when what they have heard is written. */
    @Override
    public void close() {
        queue.close();
        feed.close();
        syslog.ifPresent(SyslogForwarder::close);
    }
}
