package io.berth.tracing;

import io.berth.http.Tracing;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapGetter;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Makes each answered request a span and sends spans in batches from a thread of its own. When the collector is slow or
 * gone, spans are dropped and requests are not.
 *
 * <p>A caller's {@code traceparent} makes its span the parent; {@link ShareSampler} says what else it may decide.
 *
 * @see <a href="https://opentelemetry.io/docs/specs/semconv/http/http-spans/">Semantic conventions for HTTP spans</a>
 * @see <a href="https://www.w3.org/TR/trace-context/">W3C Trace Context</a>
 */
public final class OtlpTracing implements Tracing, AutoCloseable {
    private static final AttributeKey<String> METHOD = AttributeKey.stringKey("http.request.method");
    private static final AttributeKey<Long> STATUS = AttributeKey.longKey("http.response.status_code");
    private static final AttributeKey<String> ERROR = AttributeKey.stringKey("error.type");
    private static final AttributeKey<String> OPERATION = AttributeKey.stringKey("berth.operation");
    private static final AttributeKey<String> REQUEST = AttributeKey.stringKey("berth.request_id");
    private static final Set<String> METHODS =
            Set.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE");
    private static final String PATH = "/v1/traces";
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private static final TextMapGetter<Answered> HEADERS = new TextMapGetter<>() {
        @Override
        public Iterable<String> keys(Answered request) {
            return List.of("traceparent", "tracestate");
        }

        @Override
        public String get(Answered request, String key) {
            return request == null
                    ? null
                    : switch (key) {
                        case "traceparent" -> request.traceparent();
                        case "tracestate" -> request.tracestate();
                        default -> null;
                    };
        }
    };

    private final SdkTracerProvider provider;
    private final Tracer tracer;

    /**
     * @param endpoint the collector; {@code /v1/traces} is added unless it ends so
     * @param ratio the share of requests that is traced, from 0 to 1
     * @param version of Berth
     */
    public OtlpTracing(URI endpoint, double ratio, String version) {
        this(endpoint, ratio, version, Duration.ofSeconds(2));
    }

    OtlpTracing(URI endpoint, double ratio, String version, Duration every) {
        var exporter = OtlpHttpSpanExporter.builder()
                .setEndpoint(tracesUrl(endpoint))
                .setTimeout(PATIENCE)
                .build();
        provider = SdkTracerProvider.builder()
                .setSampler(new ShareSampler(Sampler.traceIdRatioBased(ratio)))
                .setResource(Resource.create(Attributes.of(
                        AttributeKey.stringKey("service.name"),
                        "berth",
                        AttributeKey.stringKey("service.version"),
                        version)))
                .addSpanProcessor(BatchSpanProcessor.builder(new LoggedExporter(exporter, System::nanoTime))
                        .setScheduleDelay(every)
                        .build())
                .build();
        tracer = provider.get("io.berth");
    }

    static String tracesUrl(URI endpoint) {
        String text = endpoint.toString();
        while (text.endsWith("/")) {
            text = text.substring(0, text.length() - 1);
        }
        return text.endsWith(PATH) ? text : text + PATH;
    }

    @Override
    public void answered(Answered request) {
        // Anything may stand in a request's first line, and every other word would be a name of its own.
        String method = METHODS.contains(request.method()) ? request.method() : "_OTHER";
        Context parent = request.traceparent() == null
                ? Context.root()
                : W3CTraceContextPropagator.getInstance().extract(Context.root(), request, HEADERS);
        long start = TimeUnit.MILLISECONDS.toNanos(request.startMillis());
        Span span = tracer.spanBuilder(method + " " + request.operation())
                .setParent(parent)
                .setSpanKind(SpanKind.SERVER)
                .setStartTimestamp(start, TimeUnit.NANOSECONDS)
                .startSpan();
        if (span.isRecording()) {
            span.setAttribute(METHOD, method)
                    .setAttribute(OPERATION, request.operation())
                    .setAttribute(STATUS, (long) request.status())
                    .setAttribute(REQUEST, request.requestId());
            if (request.status() >= 500) {
                span.setStatus(StatusCode.ERROR).setAttribute(ERROR, Integer.toString(request.status()));
            }
        }
        span.end(start + request.nanos(), TimeUnit.NANOSECONDS);
    }

    /** Sends what is left, for some seconds at most. */
    @Override
    public void close() {
        provider.shutdown().join(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    }
}
