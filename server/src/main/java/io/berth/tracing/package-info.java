/**
 * Traces for OpenTelemetry: a span for each request, sent to a collector by OTLP over HTTP. Implements the port {@link
 * io.berth.http.Tracing}; nothing of this package, nor of OpenTelemetry, is loaded while tracing is off.
 */
package io.berth.tracing;
