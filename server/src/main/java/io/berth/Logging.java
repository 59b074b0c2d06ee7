package io.berth;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.JsonEncoder;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.Encoder;
import io.berth.config.BerthConfig;
import org.slf4j.LoggerFactory;

/** Sends log messages to standard error, as text or JSON. Set in code: reading a file would delay every start. */
public final class Logging {
    private Logging() {}

    public static void configure(BerthConfig.Logging config) {
        var context = (LoggerContext) LoggerFactory.getILoggerFactory();
        context.reset();
        var appender = new ConsoleAppender<ILoggingEvent>();
        appender.setContext(context);
        appender.setTarget("System.err");
        appender.setEncoder(encoder(context, config.format()));
        appender.start();
        var root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.setLevel(Level.WARN);
        root.addAppender(appender);
        // All that it says, as errors, is that a client of a download went away.
        context.getLogger("io.vertx.core.net.impl.VertxConnection").setLevel(Level.OFF);
        context.getLogger("io.berth").setLevel(Level.toLevel(config.level()));
    }

    static Encoder<ILoggingEvent> encoder(LoggerContext context, BerthConfig.LogFormat format) {
        if (format == BerthConfig.LogFormat.JSON) {
            var json = new JsonEncoder();
            json.setContext(context);
            json.start();
            return json;
        }
        var text = new PatternLayoutEncoder();
        text.setContext(context);
        // Control characters of a message could forge lines; those beyond ASCII, and Unicode's ends of lines, too.
        text.setPattern("%d{yyyy-MM-dd'T'HH:mm:ss.SSS'Z', UTC} %-5level"
                + " %replace(%msg){'[\\p{Cc}\\p{Zl}\\p{Zp}]', ' '}%n%ex");
        text.start();
        return text;
    }
}
