package io.berth.project;

import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What a project's settings are called, and what they can be. Others than these are kept as they come. */
public final class ProjectSetting {
    /** Which of the project's pulls the audit records. */
    public static final String AUDIT_PULLS = "audit_pulls";

    /** From which severity on images are held back. */
    public static final String SEVERITY = "severity";

    private static final List<String> SEVERITIES = List.of("none", "low", "medium", "high", "critical");
    private static final Set<String> FLAGS = Set.of(
            "enable_content_trust",
            "enable_content_trust_cosign",
            "prevent_vul",
            "auto_scan",
            "auto_sbom_generation",
            "reuse_sys_cve_allowlist",
            "proxy_cache_local_on_not_found");

    private static final Set<String> NOT_ENFORCED = Set.of(
            "enable_content_trust", "enable_content_trust_cosign", "prevent_vul", "auto_scan", "auto_sbom_generation");

    private ProjectSetting() {}

    /** The names of those that are switched on and kept for Harbor's clients, while nothing does what they ask for yet. */
    public static List<String> notEnforced(Map<String, String> settings) {
        return settings.keySet().stream()
                .filter(name -> NOT_ENFORCED.contains(name) && "true".equals(settings.get(name)))
                .sorted()
                .toList();
    }

    /** Those that are {@code true} or {@code false}. */
    public static Set<String> flags() {
        return FLAGS;
    }

    /** The values of {@link #SEVERITY}, the least first. */
    public static List<String> severities() {
        return SEVERITIES;
    }

    /** @throws OciException {@code BAD_REQUEST} for a value that cannot be */
    static void requireSense(String name, String value) {
        if (FLAGS.contains(name) && !value.equals("true") && !value.equals("false")) {
            throw wrong(name, "true or false", value);
        }
        if (name.equals(SEVERITY) && !SEVERITIES.contains(value)) {
            throw wrong(name, "one of " + String.join(", ", SEVERITIES), value);
        }
        if (name.equals(AUDIT_PULLS) && !value.matches("all|none|[1-9]\\d{0,17}")) {
            throw wrong(name, "all, none or a number from 1", value);
        }
    }

    private static OciException wrong(String name, String form, String value) {
        return new OciException(
                ErrorCode.BAD_REQUEST, "the project's setting " + name + " is " + form + ", not '" + value + "'");
    }
}
