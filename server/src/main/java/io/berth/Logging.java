package io.berth;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.JsonEncoder;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ConfiguratorRank;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.Encoder;
import ch.qos.logback.core.spi.ContextAwareBase;
import io.berth.config.BerthConfig;
import org.slf4j.LoggerFactory;

/** Sends log messages to standard error, as text or JSON. Set in code: reading a file would delay every start. */
public final class Logging {
    private Logging() {}

    /** Until {@link #configure}, and for commands that have no configuration: errors, as text. Logback finds it as a service. */
    @ConfiguratorRank(ConfiguratorRank.CUSTOM_TOP_PRIORITY)
    public static final class Initial extends ContextAwareBase implements Configurator {
        @Override
        public ExecutionStatus configure(LoggerContext context) {
            send(context, BerthConfig.LogFormat.TEXT, Level.ERROR);
            return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
        }
    }

    public static void configure(BerthConfig.Logging config) {
        var context = (LoggerContext) LoggerFactory.getILoggerFactory();
        context.reset();
        send(context, config.format(), Level.WARN);
        // All that it says, as errors, is that a client of a download went away.
        context.getLogger("io.vertx.core.net.impl.VertxConnection").setLevel(Level.OFF);
        context.getLogger("io.berth").setLevel(Level.toLevel(config.level()));
    }

    private static void send(LoggerContext context, BerthConfig.LogFormat format, Level level) {
        var appender = new ConsoleAppender<ILoggingEvent>();
        appender.setContext(context);
        appender.setTarget("System.err");
        appender.setEncoder(encoder(context, format));
        appender.start();
        var root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.setLevel(level);
        root.addAppender(appender);
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
