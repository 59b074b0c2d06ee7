package io.berth.tracing;

import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.context.Context;
import io.opentelemetry.sdk.trace.data.LinkData;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import io.opentelemetry.sdk.trace.samplers.SamplingResult;
import java.util.List;

/**
 * Traces a share of all requests. That a caller wants no trace is obeyed; that it wants one is not enough, or anybody could
 * raise the share.
 */
record ShareSampler(Sampler share) implements Sampler {
    @Override
    public SamplingResult shouldSample(
            Context parentContext,
            String traceId,
            String name,
            SpanKind spanKind,
            Attributes attributes,
            List<LinkData> parentLinks) {
        SpanContext caller = Span.fromContext(parentContext).getSpanContext();
        return caller.isValid() && !caller.isSampled()
                ? SamplingResult.drop()
                : share.shouldSample(parentContext, traceId, name, spanKind, attributes, parentLinks);
    }

    @Override
    public String getDescription() {
        return "ShareSampler{" + share.getDescription() + "}";
    }
}
