package io.berth.identity;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.db.Tx;
import io.berth.oci.ErrorCode;
import io.berth.oci.Json;
import io.berth.oci.OciException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The sources beside the local accounts: which there are, and in which order they are asked. A change counts with the next
 * request; a source that is disabled or removed ends what its users hold. Thread-safe.
 */
public final class IdentitySources {
    private static final Pattern NAME = Pattern.compile("[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?");
    private static final Set<String> RESERVED = Set.of(Account.LOCAL, "system", "robot", "anonymous");

    private final Database database;
    private final SecretStore secrets;
    private final AccessVersion version;
    private final Map<String, SourceKind> kinds;

    public IdentitySources(Database database, SecretStore secrets, AccessVersion version, List<SourceKind> kinds) {
        this.database = database;
        this.secrets = secrets;
        this.version = version;
        this.kinds = kinds.stream().collect(Collectors.toUnmodifiableMap(SourceKind::name, Function.identity()));
    }

    /**
     * A source as it is configured; its secrets are not shown.
     *
     * @param position sources are asked in its order
     * @param updatedAt milliseconds since 1970
     */
    public record Configured(
            String name, String kind, int position, boolean enabled, JsonNode settings, long updatedAt) {}

    /** All, in the order in which they are asked. */
    public List<Configured> list(Tx tx) {
        return tx.dao(IdentitySourceDao.class).all().stream()
                .map(IdentitySources::configured)
                .toList();
    }

    public Optional<Configured> find(String name) {
        return database.read(tx -> find(tx, name));
    }

    /** The same within a transaction. */
    public Optional<Configured> find(Tx tx, String name) {
        return tx.dao(IdentitySourceDao.class).find(name).map(IdentitySources::configured);
    }

    static Configured configured(IdentitySourceDao.Row row) {
        return new Configured(
                row.name(), row.kind(), row.position(), row.enabled(), parse(row.settings()), row.updatedAt());
    }

    private static JsonNode parse(String settings) {
        try {
            return Json.MAPPER.readTree(settings);
        } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
            throw new IllegalStateException("stored settings are no JSON", e);
        }
    }

    /**
     * Adds a source at the end of the order, or changes one.
     *
     * @param given secrets to store; those not given stay, empty ones are removed
     * @throws OciException {@code BAD_REQUEST} for a name, kind or settings that cannot be; {@code CONFLICT} when the change
     *     would make its accounts somebody else's
     */
    public void put(
            String name,
            String kind,
            JsonNode settings,
            Map<String, String> given,
            boolean enabled,
            Change.Origin origin) {
        database.write(tx -> {
            put(tx, name, kind, settings, given, enabled, origin);
            return null;
        });
    }

    /** The same within a transaction. */
    public void put(
            Tx tx,
            String name,
            String kind,
            JsonNode settings,
            Map<String, String> given,
            boolean enabled,
            Change.Origin origin) {
        if (!NAME.matcher(name).matches() || RESERVED.contains(name)) {
            throw new OciException(
                    ErrorCode.BAD_REQUEST,
                    "a source's name has lower-case letters, digits and . _ - between them, and is not one of "
                            + String.join(", ", RESERVED.stream().sorted().toList()));
        }
        SourceKind known = kind(kind);
        known.check(settings);
        given.keySet().stream()
                .filter(secret -> !known.secrets().contains(secret))
                .findAny()
                .ifPresent(secret -> {
                    throw new OciException(
                            ErrorCode.BAD_REQUEST, "a source of " + kind + " has no secret '" + secret + "'");
                });
        IdentitySourceDao dao = tx.dao(IdentitySourceDao.class);
        Optional<IdentitySourceDao.Row> before = dao.find(name);
        // Remembered when the source is removed, since its accounts stay.
        String anchor = kind + " " + known.anchor(settings);
        requireSamePeople(tx, name, known, anchor);
        dao.putAnchor(name, anchor);
        dao.put(
                name,
                kind,
                before.map(IdentitySourceDao.Row::position).orElseGet(dao::nextPosition),
                enabled,
                Json.write(settings),
                tx.nowMillis());
        given.forEach((secret, value) -> {
            if (value.isEmpty()) {
                secrets.delete(tx, secretName(name, secret));
            } else {
                secrets.put(tx, secretName(name, secret), value.getBytes(StandardCharsets.UTF_8));
            }
        });
        ObjectNode payload = Json.MAPPER.createObjectNode();
        payload.put("kind", kind).put("enabled", enabled).set("settings", settings);
        before.ifPresent(row -> payload.set("old", parse(row.settings())));
        given.keySet().stream().sorted().forEach(payload.putArray("secrets")::add);
        tx.change(new Change(
                before.isPresent() ? "source-updated" : "source-created", name, Json.write(payload), origin));
        version.raise(tx);
    }

    private SourceKind kind(String kind) {
        return Optional.ofNullable(kinds.get(kind))
                .orElseThrow(() -> new OciException(
                        ErrorCode.BAD_REQUEST,
                        "the kind of a source is one of "
                                + String.join(
                                        ", ", kinds.keySet().stream().sorted().toList())));
    }

    private static void requireSamePeople(Tx tx, String name, SourceKind kind, String anchor) {
        IdentitySourceDao dao = tx.dao(IdentitySourceDao.class);
        dao.find(name).filter(row -> !row.kind().equals(kind.name())).ifPresent(row -> {
            throw new OciException(ErrorCode.CONFLICT, "'" + name + "' is of another kind: remove it first");
        });
        boolean same = dao.anchor(name).map(anchor::equals).orElse(true);
        if (!same && dao.countAccounts(name) > 0) {
            throw new OciException(
                    ErrorCode.CONFLICT,
                    "accounts of '" + name + "' are known by what it says of them; another one would take them over."
                            + " Add it under another name");
        }
    }

    boolean takesPasswords(String kind) {
        return kind(kind).takesPasswords();
    }

    /** Changes whether a source is used. @throws OciException {@code NOT_FOUND} */
    public void setEnabled(String name, boolean enabled, Change.Origin origin) {
        Configured source = find(name).orElseThrow(() -> unknown(name));
        put(name, source.kind(), source.settings(), Map.of(), enabled, origin);
    }

    /**
     * Removes a source. Its accounts stay and can do nothing, until a source of the same name says who they are.
     *
     * @throws OciException {@code NOT_FOUND}
     */
    public void remove(String name, Change.Origin origin) {
        database.write(tx -> {
            remove(tx, name, origin);
            return null;
        });
    }

    /** The same within a transaction. */
    public void remove(Tx tx, String name, Change.Origin origin) {
        IdentitySourceDao dao = tx.dao(IdentitySourceDao.class);
        IdentitySourceDao.Row row = dao.find(name).orElseThrow(() -> unknown(name));
        dao.delete(name);
        kinds.get(row.kind()).secrets().forEach(secret -> secrets.delete(tx, secretName(name, secret)));
        tx.change(new Change("source-deleted", name, Json.object("kind", row.kind()), origin));
        version.raise(tx);
    }

    /**
     * Sets the order in which sources are asked.
     *
     * @throws OciException {@code BAD_REQUEST} unless every source is named once
     */
    public void reorder(List<String> names, Change.Origin origin) {
        database.write(tx -> {
            reorder(tx, names, origin);
            return null;
        });
    }

    /** The same within a transaction. */
    public void reorder(Tx tx, List<String> names, Change.Origin origin) {
        IdentitySourceDao dao = tx.dao(IdentitySourceDao.class);
        Set<String> all = dao.all().stream().map(IdentitySourceDao.Row::name).collect(Collectors.toSet());
        if (names.size() != all.size() || !all.equals(new java.util.HashSet<>(names))) {
            throw new OciException(ErrorCode.BAD_REQUEST, "an order names every source once");
        }
        for (int i = 0; i < names.size(); i++) {
            dao.move(names.get(i), i + 1);
        }
        tx.change(new Change("sources-reordered", String.join(",", names), "{}", origin));
        version.raise(tx);
    }

    /** Whether a source has these secrets already; an empty one stands for none. */
    public boolean hasSecrets(Tx tx, String name, Map<String, String> given) {
        return given.entrySet().stream()
                .allMatch(one -> secrets.text(tx, secretName(name, one.getKey()))
                        .orElse("")
                        .equals(one.getValue()));
    }

    /** The names of the secrets that a source has, for those who may not see them. */
    public Set<String> secretsOf(Tx tx, Configured source) {
        return kind(source.kind()).secrets().stream()
                .filter(secret ->
                        secrets.text(tx, secretName(source.name(), secret)).isPresent())
                .collect(Collectors.toCollection(java.util.TreeSet::new));
    }

    private static OciException unknown(String name) {
        return new OciException(ErrorCode.NOT_FOUND, "there is no source '" + name + "'");
    }

    /** Makes the source of {@code row} ready, within the transaction that read it. */
    IdentityProvider open(Tx tx, IdentitySourceDao.Row row) {
        return open(tx, row.name(), row.kind(), parse(row.settings()), Map.of());
    }

    /**
     * Makes a source ready that is only to be tried, and stores nothing. Whoever asks for it closes it.
     *
     * @param name whose secrets it has, those of {@code given} apart
     * @throws OciException {@code BAD_REQUEST} for settings that cannot be
     */
    public IdentityProvider tryOut(String name, String kind, JsonNode settings, Map<String, String> given) {
        return database.read(tx -> open(tx, name, kind, settings, given));
    }

    private IdentityProvider open(Tx tx, String name, String kind, JsonNode settings, Map<String, String> given) {
        SourceKind known = kind(kind);
        Map<String, String> plain = new HashMap<>(given);
        for (String secret : known.secrets()) {
            if (!plain.containsKey(secret)) {
                secrets.text(tx, secretName(name, secret)).ifPresent(value -> plain.put(secret, value));
            }
        }
        return known.open(name, settings, secret -> Optional.ofNullable(plain.get(secret)));
    }

    private static String secretName(String source, String secret) {
        return "source/" + source + "/" + secret;
    }
}
