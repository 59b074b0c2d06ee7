package io.berth.http;

import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;

/** What tells somebody known that they may not. When it becomes an answer, the audit hears of it as it says here. */
public final class Denied extends OciException {
    private final String operation;
    private final String resourceType;
    private final String resource;
    private final String project;
    private final String rule;

    /**
     * @param operation what they wanted to do
     * @param resourceType with what
     * @param resource its name, may be empty
     * @param project where it is, may be empty
     * @param rule what decided
     */
    public Denied(
            ErrorCode code,
            String message,
            String operation,
            String resourceType,
            String resource,
            String project,
            String rule) {
        super(code, message);
        this.operation = operation;
        this.resourceType = resourceType;
        this.resource = resource;
        this.project = project;
        this.rule = rule;
    }

    AuditSink.Event event(Exchange exchange) {
        return AuditSink.Event.refusal(exchange, operation, resourceType, resource, project, rule);
    }
}
