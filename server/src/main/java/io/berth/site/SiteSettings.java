package io.berth.site;

import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.db.Tx;
import io.berth.oci.Json;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** The site's settings. Reading one takes no time; thread-safe. */
public final class SiteSettings {
    private final Database database;
    private volatile Map<String, String> values;

    public SiteSettings(Database database) {
        this.database = database;
        this.values = database.read(SiteSettings::load);
    }

    private static Map<String, String> load(Tx tx) {
        return tx.dao(SettingDao.class).all().stream()
                .collect(Collectors.toUnmodifiableMap(SettingDao.Row::name, SettingDao.Row::value));
    }

    public <T> T get(Setting<T> setting) {
        return value(values, setting);
    }

    /** The same as the database has it now. */
    public <T> T get(Tx tx, Setting<T> setting) {
        return value(load(tx), setting);
    }

    private static <T> T value(Map<String, String> of, Setting<T> setting) {
        String value = of.get(setting.name());
        try {
            return value == null ? setting.fallback() : setting.parser().apply(value);
        } catch (IllegalArgumentException e) {
            return setting.fallback(); // an older version let it pass
        }
    }

    /**
     * Sets some, all or nothing. Each value has been checked by {@link Setting#parse}.
     *
     * @param wanted names to values
     */
    public void put(Map<String, String> wanted, Change.Origin origin) {
        database.write(tx -> {
            put(tx, wanted, origin);
            return null;
        });
    }

    /** The same within a transaction. */
    public void put(Tx tx, Map<String, String> wanted, Change.Origin origin) {
        Map<String, String> before = load(tx);
        var after = new HashMap<>(before);
        new TreeMap<>(wanted).forEach((name, value) -> {
            if (!value.equals(after.put(name, value))) {
                tx.dao(SettingDao.class).put(name, value);
            }
        });
        List<String> changed = wanted.keySet().stream()
                .filter(name -> !wanted.get(name).equals(before.get(name)))
                .sorted()
                .toList();
        if (!changed.isEmpty()) {
            tx.change(
                    new Change("settings-changed", String.join(",", changed), payload(changed, before, after), origin));
        }
        tx.afterCommit(() -> values = Map.copyOf(after));
    }

    private static String payload(List<String> changed, Map<String, String> before, Map<String, String> after) {
        var payload = Json.MAPPER.createObjectNode();
        changed.forEach(
                name -> payload.putObject(name).put("old", before.get(name)).put("new", after.get(name)));
        return Json.write(payload);
    }
}
