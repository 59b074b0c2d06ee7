package io.berth.audit;

import io.berth.http.AuditSink;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.ToDoubleFunction;

/** What is counted of the audit, and of the logins and refusals that it hears of. Thread-safe. */
public final class AuditMeters {
    private final MeterRegistry registry;
    private final AtomicLong syslogBehind = new AtomicLong();
    private final Counter droppedPulls;
    private final Counter droppedLogins;
    private final Counter droppedRefusals;
    private final Counter denied;
    private final Map<AuditSink.Challenge, Counter> challenges = new EnumMap<>(AuditSink.Challenge.class);

    public AuditMeters(MeterRegistry registry) {
        this.registry = registry;
        droppedPulls = dropped("pull");
        droppedLogins = dropped("login");
        droppedRefusals = dropped("refusal");
        // All there from the start: of a counter that begins with the first event an alert does not see the first.
        denied = refusals("denied");
        for (AuditSink.Challenge reason : AuditSink.Challenge.values()) {
            challenges.put(reason, refusals(reason.name().toLowerCase(Locale.ROOT)));
        }
        logins(AuditSink.Event.NOBODY, false);
        logins("local", false);
    }

    private Counter refusals(String reason) {
        return Counter.builder("berth.refusals")
                .description("Requests that were refused for want of a right or a credential")
                .tag("reason", reason)
                .register(registry);
    }

    private Counter logins(String source, boolean success) {
        return Counter.builder("berth.logins")
                .description("Logins by who has verified or refused them, and by result")
                .tag("source", source)
                .tag("result", success ? "success" : "failure")
                .register(registry);
    }

    void challenged(AuditSink.Challenge reason) {
        challenges.get(reason).increment();
    }

    private Counter dropped(String kind) {
        return Counter.builder("berth.audit.dropped")
                .description("Events that were not recorded since the queue was full")
                .tag("kind", kind)
                .register(registry);
    }

    <T> void queue(T queue, ToDoubleFunction<T> depth) {
        registry.gauge("berth.audit.queue", queue, depth);
    }

    /** Shows from now on how many entries the receiver of syslog has not been sent. */
    AtomicLong syslogBehind() {
        registry.gauge("berth.audit.syslog.behind", syslogBehind);
        return syslogBehind;
    }

    void dropped(AuditSink.Event event) {
        (isLogin(event) ? droppedLogins : event.success() ? droppedPulls : droppedRefusals).increment();
    }

    void heard(AuditSink.Event event) {
        if (isLogin(event)) {
            logins(event.detail().getOrDefault(AuditSink.Event.SOURCE, AuditSink.Event.NOBODY), event.success())
                    .increment();
        } else if (event.operation().equals("authenticate")) {
            challenged(AuditSink.Challenge.CREDENTIAL);
        } else if (!event.success()) {
            denied.increment();
        }
    }

    private static boolean isLogin(AuditSink.Event event) {
        return event.operation().equals("login");
    }
}
