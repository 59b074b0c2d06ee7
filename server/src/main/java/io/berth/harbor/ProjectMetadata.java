package io.berth.harbor;

import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import io.berth.project.ProjectSetting;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * What Harbor keeps as a project's metadata, all of it text. {@code public} is the project's own; the others are settings,
 * which are kept and given back and, until there is what they steer, do nothing else.
 */
final class ProjectMetadata {
    static final String PUBLIC = "public";

    private ProjectMetadata() {}

    static boolean isKnown(String name) {
        return name.equals(PUBLIC)
                || name.equals(ProjectSetting.SEVERITY)
                || ProjectSetting.flags().contains(name);
    }

    /**
     * Those that a project keeps, with values that are some.
     *
     * @param sent as the client sent them; unknown ones are left out, as those of proxy projects are, which there are not
     * @throws OciException {@code BAD_REQUEST} for a value that cannot be
     */
    static Map<String, String> of(Map<String, String> sent) {
        Map<String, String> kept = new LinkedHashMap<>();
        sent.forEach((name, value) -> {
            if (isKnown(name)) {
                kept.put(name, checked(name, value));
            }
        });
        return kept;
    }

    private static String checked(String name, String value) {
        if (name.equals(ProjectSetting.SEVERITY)) {
            String severity = value.toLowerCase(Locale.ROOT);
            if (!ProjectSetting.severities().contains(severity)) {
                throw new OciException(
                        ErrorCode.BAD_REQUEST,
                        "metadata.severity should be one of " + String.join(", ", ProjectSetting.severities())
                                + ", but got: '" + value + "'");
            }
            return severity;
        }
        if (!value.equals("true") && !value.equals("false")) {
            throw new OciException(
                    ErrorCode.BAD_REQUEST,
                    "metadata." + name + " should only be 'true' or 'false', but got: '" + value + "'");
        }
        return value;
    }
}
