package io.berth.site;

import static java.util.Objects.requireNonNull;

import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.util.List;
import java.util.function.Function;

/**
 * One setting of the site.
 *
 * @param name as Harbor's API calls it, where Harbor has it
 * @param form what a value looks like, for messages
 * @param parser reads a value; throws {@link IllegalArgumentException} for what is none
 */
public record Setting<T>(String name, T fallback, String form, Function<String, T> parser) {
    /** Whether everybody may create projects, or administrators alone. */
    public static final Setting<String> PROJECT_CREATION =
            oneOf("project_creation_restriction", "everyone", List.of("everyone", "adminonly"));

    /** Refuses whatever would change the registry. */
    public static final Setting<Boolean> READ_ONLY = bool("read_only", false);

    /** The life of the token service's tokens, in minutes. */
    public static final Setting<Long> TOKEN_EXPIRATION = number("token_expiration", 30, 1, 1440);

    /** The life of a new robot, in days, where its maker does not say; -1 for ever. */
    public static final Setting<Long> ROBOT_DURATION = number("robot_token_duration", 30, -1, 36_500);

    public static final Setting<String> ROBOT_PREFIX =
            new Setting<>("robot_name_prefix", "robot$", "1 to 32 characters other than + and :", Setting::robotPrefix);

    /** The quota of a new project in bytes, -1 for none. */
    public static final Setting<Long> STORAGE_PER_PROJECT =
            new Setting<>("storage_per_project", -1L, "a number of bytes from 1, or -1 for no limit", Setting::storage);

    /** The life of a browser's session, in minutes. */
    public static final Setting<Long> SESSION_TIMEOUT = number("session_timeout", 60, 1, 43_200);

    /** How long entries of the audit are kept, in days; 0 for ever. */
    public static final Setting<Long> AUDIT_RETENTION_DAYS = number("audit_retention_days", 90, 0, 36_500);

    private static final List<Setting<?>> ALL = List.of(
            PROJECT_CREATION,
            READ_ONLY,
            TOKEN_EXPIRATION,
            ROBOT_DURATION,
            ROBOT_PREFIX,
            STORAGE_PER_PROJECT,
            SESSION_TIMEOUT,
            AUDIT_RETENTION_DAYS);

    /** All of them, as far as this package knows. */
    public static List<Setting<?>> all() {
        return ALL;
    }

    public Setting {
        requireNonNull(name, "name is null");
        requireNonNull(fallback, "fallback is null");
    }

    /** @throws OciException {@code BAD_REQUEST} when {@code text} is no value of this setting */
    public T parse(String text) {
        try {
            return parser.apply(text);
        } catch (IllegalArgumentException e) {
            throw new OciException(ErrorCode.BAD_REQUEST, "the setting " + name + " is " + form);
        }
    }

    /** Text as it is, for settings that others check. */
    public static Setting<String> text(String name, String fallback) {
        return new Setting<>(name, fallback, "a text", Function.identity());
    }

    public static Setting<Boolean> bool(String name, boolean fallback) {
        return new Setting<>(name, fallback, "true or false", text -> switch (text) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException(text);
        });
    }

    public static Setting<Long> number(String name, long fallback, long least, long most) {
        return new Setting<>(name, fallback, "a number from " + least + " to " + most, text -> {
            long value = Long.parseLong(text);
            if (value < least || value > most) {
                throw new IllegalArgumentException(text);
            }
            return value;
        });
    }

    public static Setting<String> oneOf(String name, String fallback, List<String> values) {
        return new Setting<>(name, fallback, "one of " + String.join(", ", values), text -> {
            if (!values.contains(text)) {
                throw new IllegalArgumentException(text);
            }
            return text;
        });
    }

    // A project that may hold nothing cannot be made.
    private static long storage(String text) {
        long bytes = Long.parseLong(text);
        if (bytes < -1 || bytes == 0) {
            throw new IllegalArgumentException(text);
        }
        return bytes;
    }

    private static String robotPrefix(String text) {
        if (!text.matches("[^+:\\p{Cntrl}\\s]{1,32}")) {
            throw new IllegalArgumentException(text);
        }
        return text;
    }
}
