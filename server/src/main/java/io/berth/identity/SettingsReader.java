package io.berth.identity;

import com.fasterxml.jackson.databind.JsonNode;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Reads settings that somebody has written as JSON. Everything wrong is {@code BAD_REQUEST}, also a name that nobody reads:
 * a misspelt {@code verify} would otherwise count as its default.
 */
public final class SettingsReader {
    private final JsonNode settings;
    private final Set<String> read = new HashSet<>();

    public SettingsReader(JsonNode settings) {
        if (!settings.isObject()) {
            throw new OciException(ErrorCode.BAD_REQUEST, "settings are a JSON object");
        }
        this.settings = settings;
    }

    private Optional<JsonNode> find(String name) {
        read.add(name);
        JsonNode value = settings.get(name);
        return value == null || value.isNull() ? Optional.empty() : Optional.of(value);
    }

    private static OciException wrong(String name, String form) {
        return new OciException(ErrorCode.BAD_REQUEST, "the setting '" + name + "' is " + form);
    }

    /** A text, {@code fallback} when absent. */
    public String text(String name, String fallback) {
        return find(name)
                .map(value -> {
                    if (!value.isTextual()) {
                        throw wrong(name, "a text");
                    }
                    return value.textValue();
                })
                .orElse(fallback);
    }

    /** A text that has to be there. */
    public String text(String name) {
        String value = text(name, "");
        if (value.isBlank()) {
            throw new OciException(ErrorCode.BAD_REQUEST, "the setting '" + name + "' is missing");
        }
        return value;
    }

    /** A text that is not empty where it is there. */
    public Optional<String> optional(String name) {
        return Optional.of(text(name, "")).filter(value -> !value.isBlank());
    }

    public boolean flag(String name, boolean fallback) {
        return find(name)
                .map(value -> {
                    if (!value.isBoolean()) {
                        throw wrong(name, "true or false");
                    }
                    return value.booleanValue();
                })
                .orElse(fallback);
    }

    public int number(String name, int fallback, int least, int most) {
        return find(name)
                .map(value -> {
                    if (!value.isIntegralNumber()
                            || !value.canConvertToInt()
                            || value.intValue() < least
                            || value.intValue() > most) {
                        throw wrong(name, "a number from " + least + " to " + most);
                    }
                    return value.intValue();
                })
                .orElse(fallback);
    }

    /** One of an enum's constants, written in lower case. */
    public <E extends Enum<E>> E oneOf(String name, E fallback) {
        String wanted = text(name, "");
        if (wanted.isEmpty()) {
            return fallback;
        }
        var names = new ArrayList<String>();
        for (E constant : fallback.getDeclaringClass().getEnumConstants()) {
            String written = constant.name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
            if (written.equals(wanted)) {
                return constant;
            }
            names.add(written);
        }
        throw wrong(name, "one of " + String.join(", ", names));
    }

    /** Texts, written as a list or as one text; none when absent. */
    public List<String> texts(String name) {
        JsonNode value = find(name).orElse(null);
        if (value == null) {
            return List.of();
        }
        var texts = new ArrayList<String>();
        if (value.isTextual()) {
            texts.add(value.textValue());
        } else if (value.isArray()) {
            value.forEach(element -> {
                if (!element.isTextual()) {
                    throw wrong(name, "a list of texts");
                }
                texts.add(element.textValue());
            });
        } else {
            throw wrong(name, "a list of texts");
        }
        return List.copyOf(texts);
    }

    /** An object's members, as they are; none when absent. */
    public JsonNode object(String name) {
        JsonNode value = find(name).orElseGet(io.berth.oci.Json.MAPPER::createObjectNode);
        if (!value.isObject()) {
            throw wrong(name, "an object");
        }
        return value;
    }

    /** An absolute http or https URL that names a host and no user. */
    public Optional<URI> url(String name) {
        return optional(name).map(text -> {
            try {
                URI url = new URI(text);
                if (("https".equals(url.getScheme()) || "http".equals(url.getScheme()))
                        && url.getHost() != null
                        && url.getUserInfo() == null) {
                    return url;
                }
            } catch (URISyntaxException e) {
                // said below
            }
            throw wrong(name, "an http or https URL");
        });
    }

    /** @throws OciException when there is a setting that has not been read */
    public void requireNoOther() {
        settings.fieldNames().forEachRemaining(name -> {
            if (!read.contains(name)) {
                throw new OciException(ErrorCode.BAD_REQUEST, "there is no setting '" + name + "'");
            }
        });
    }
}
