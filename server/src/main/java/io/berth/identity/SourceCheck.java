package io.berth.identity;

import io.berth.db.Database;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks sources from time to time whether those who hold something here may still log in there: a token, a session, or what
 * a login of the last day may have left. Without it an access token would outlive its owner's leaving. Not thread-safe.
 */
public final class SourceCheck {
    private static final Logger LOG = LoggerFactory.getLogger(SourceCheck.class);
    private static final Duration INTERVAL = Duration.ofMinutes(3);
    private static final Duration LONGEST_TOKEN = Duration.ofDays(1);

    private final Database database;
    private final ConfiguredSources sources;
    private final Onboarding onboarding;
    private final Clock clock;
    private long next;

    public SourceCheck(Database database, ConfiguredSources sources, Onboarding onboarding, Clock clock) {
        this.database = database;
        this.sources = sources;
        this.onboarding = onboarding;
        this.clock = clock;
    }

    /** Asks, when it is time. */
    public void runWhenDue() {
        if (clock.millis() >= next) {
            next = clock.millis() + INTERVAL.toMillis();
            run();
        }
    }

    void run() {
        sources.of(IdentityProvider.class).forEach(this::check);
    }

    private void check(IdentityProvider source) {
        long after = 0;
        while (true) {
            long from = after;
            long now = clock.millis();
            List<IdentitySourceDao.Known> page = database.read(tx ->
                    tx.dao(IdentitySourceDao.class).inUse(source.name(), from, now - LONGEST_TOKEN.toMillis(), now));
            if (page.isEmpty()) {
                return;
            }
            for (IdentitySourceDao.Known known : page) {
                after = known.id();
                switch (source.standing(known.subject())) {
                    case IdentityProvider.Standing.Present(Source.Identity identity) -> {
                        sources.metrics().asked(source.name(), SourceMetrics.Result.VERIFIED);
                        onboarding.refresh(identity);
                    }
                    case IdentityProvider.Standing.Gone() -> {
                        sources.metrics().asked(source.name(), SourceMetrics.Result.UNKNOWN);
                        if (known.goneAt() == null) {
                            LOG.info("'{}' may not log in at {} any more", known.name(), source.name());
                            onboarding.gone(known.id());
                        }
                    }
                    case IdentityProvider.Standing.Untold() -> {
                        if (source instanceof Source) { // others never can tell
                            sources.metrics().asked(source.name(), SourceMetrics.Result.UNAVAILABLE);
                        }
                        return; // a source that is away is asked again the next time
                    }
                }
            }
        }
    }
}
