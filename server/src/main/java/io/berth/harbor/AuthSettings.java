package io.berth.harbor;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.berth.db.Change;
import io.berth.db.Tx;
import io.berth.identity.IdentitySources;
import io.berth.identity.IdentitySources.Configured;
import io.berth.oci.ErrorCode;
import io.berth.oci.Json;
import io.berth.oci.OciException;
import io.berth.site.Setting;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * How people log in, in the words of Harbor's configuration: its {@code ldap_} keys are the first directory among the
 * identity sources, its {@code oidc_} keys the first identity provider. {@code auth_mode} turns on the one that it names
 * and turns off the one that it named before; whatever else is configured is asked beside it. Thread-safe.
 */
final class AuthSettings {
    static final String MODE = "auth_mode";
    static final String LOCAL_MODE = "db_auth";
    /** The mode that somebody set last. */
    static final Setting<String> STORED_MODE = Setting.oneOf(
            MODE,
            LOCAL_MODE,
            Stream.concat(Stream.of(LOCAL_MODE), families().map(AuthFamily::mode))
                    .toList());
    // Names that only Active Directory has; an entry of it has no entryUUID.
    private static final Set<String> OF_ACTIVE_DIRECTORY = Set.of("samaccountname", "userprincipalname");

    private final IdentitySources sources;

    AuthSettings(IdentitySources sources) {
        this.sources = sources;
    }

    private static Stream<AuthFamily> families() {
        return Arrays.stream(AuthFamily.values());
    }

    /** The source that is meant by the keys of {@code family}. */
    Optional<Configured> source(Tx tx, AuthFamily family) {
        return sources.list(tx).stream()
                .filter(source -> source.kind().equals(family.kind()))
                .findFirst();
    }

    /** Every key of this with its value, but no secret. */
    Map<String, Object> shown(Tx tx, String storedMode) {
        Map<String, Object> shown = new TreeMap<>();
        families().forEach(family -> shown.putAll(shown(source(tx, family), family)));
        shown.put(MODE, mode(tx, storedMode));
        return shown;
    }

    private static Map<String, Object> shown(Optional<Configured> source, AuthFamily family) {
        return family.keys().stream()
                .collect(Collectors.toMap(
                        AuthKey::name,
                        key -> source.map(it -> key.shown(it.settings())).orElse(key.fallback())));
    }

    /** The mode that is in force: a source that has gone since has taken its mode along. */
    private String mode(Tx tx, String storedMode) {
        return families()
                .filter(family -> family.mode().equals(storedMode))
                .filter(family -> source(tx, family).map(Configured::enabled).orElse(false))
                .map(AuthFamily::mode)
                .findFirst()
                .orElse(LOCAL_MODE);
    }

    /**
     * What somebody wants.
     *
     * @param values by Harbor's key, each of its key's type
     * @param secrets by Harbor's key, none of them empty
     * @param mode {@code auth_mode}, or null
     */
    record Wanted(Map<String, Object> values, Map<String, String> secrets, String mode) {
        private Map<String, Object> of(AuthFamily family) {
            Set<String> names = family.keys().stream().map(AuthKey::name).collect(Collectors.toSet());
            Map<String, Object> own = new HashMap<>(values);
            own.keySet().retainAll(names);
            return own;
        }

        /**
         * Whether the values of a family are meant. Clients fill what they do not speak of with zeros: those of the other
         * family, in a body that is about one.
         */
        private boolean means(AuthFamily family) {
            boolean alone = mode == null && values.size() == 1 && !of(family).isEmpty();
            return alone
                    || family.mode().equals(mode)
                    || secrets.containsKey(family.secretKey())
                    || of(family).values().stream().anyMatch(value -> !isZero(value));
        }
    }

    private static boolean isZero(Object value) {
        return value.equals("") || value.equals(0L) || value.equals(false);
    }

    /**
     * Takes what is wanted to the sources.
     *
     * @throws OciException {@code BAD_REQUEST} for what cannot be; {@code CONFLICT} when accounts would become other people's
     */
    void write(Tx tx, Wanted wanted, String storedMode, Change.Origin origin) {
        families().forEach(family -> write(tx, family, wanted, storedMode, origin));
    }

    private void write(Tx tx, AuthFamily family, Wanted wanted, String storedMode, Change.Origin origin) {
        Optional<Configured> before = source(tx, family);
        ObjectNode settings = copy(family, before);
        boolean changed = wanted.means(family) && apply(wanted.of(family), family, before, settings);
        Map<String, String> secrets = Optional.ofNullable(wanted.secrets().get(family.secretKey()))
                .map(secret -> Map.of(family.secret(), secret))
                .orElse(Map.of());
        String name = before.map(Configured::name).orElse(family.newName());
        changed |= !sources.hasSecrets(tx, name, secrets);
        boolean was = before.map(Configured::enabled).orElse(false);
        boolean on = wanted.mode() == null
                ? was
                : wanted.mode().equals(family.mode()) || was && !storedMode.equals(family.mode());
        if (!changed && on == was) {
            return;
        }
        requireWhole(family, settings);
        sources.put(tx, name, family.kind(), settings, secrets, on, origin);
    }

    private static ObjectNode copy(AuthFamily family, Optional<Configured> source) {
        return source.map(found -> (ObjectNode) found.settings().deepCopy()).orElseGet(() -> fallbacks(family));
    }

    private static ObjectNode fallbacks(AuthFamily family) {
        ObjectNode settings = Json.MAPPER.createObjectNode();
        family.keys().forEach(key -> key.write(settings, key.fallback()));
        return settings;
    }

    private static boolean apply(
            Map<String, Object> values, AuthFamily family, Optional<Configured> before, ObjectNode settings) {
        Map<String, Object> shown = shown(before, family);
        boolean changed = false;
        for (AuthKey key : family.keys()) {
            Object value = values.get(key.name());
            if (value != null && !value.equals(shown.get(key.name()))) {
                key.write(settings, value);
                changed = true;
            }
        }
        boolean active =
                OF_ACTIVE_DIRECTORY.contains(settings.path("uid").asText("").toLowerCase(Locale.ROOT));
        if (family == AuthFamily.LDAP && active && !settings.has("subject")) {
            settings.put("subject", "objectGUID");
        }
        return changed;
    }

    private static void requireWhole(AuthFamily family, JsonNode settings) {
        for (AuthKey key : family.keys()) {
            if (family.needed().contains(key.name()) && key.shown(settings).equals("")) {
                throw new OciException(
                        ErrorCode.BAD_REQUEST,
                        family.mode() + " needs " + String.join(" and ", family.needed()) + ": " + key.name()
                                + " is empty");
            }
        }
    }

    /** The settings of a source that is only tried: Harbor's keys, the rest as it is configured, or as Harbor has it. */
    static ObjectNode settings(AuthFamily family, Optional<Configured> source, Map<String, Object> values) {
        ObjectNode settings = copy(family, source);
        apply(values, family, source, settings);
        requireWhole(family, settings);
        return settings;
    }
}
