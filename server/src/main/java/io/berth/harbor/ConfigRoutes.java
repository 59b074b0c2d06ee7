package io.berth.harbor;

import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.http.ApiCall;
import io.berth.http.JsonBody;
import io.berth.http.Router;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import io.berth.site.Setting;
import io.berth.site.SiteSettings;
import java.io.IOException;
import java.time.Clock;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** {@code /configurations}, and the site's CVE allowlist. */
final class ConfigRoutes {
    private static final int MAX_TEXT = 16 << 10;
    private static final Setting<String> ALLOWLIST = Setting.text(CveAllowlist.SETTING, "");

    private final Guard guard;
    private final Database database;
    private final AuthSettings auth;
    private final SiteSettings site;
    private final Clock clock;

    ConfigRoutes(Database database, Guard guard, AuthSettings auth, SiteSettings site, Clock clock) {
        this.database = database;
        this.guard = guard;
        this.auth = auth;
        this.site = site;
        this.clock = clock;
    }

    void add(Router router) {
        router.get("/api/v2.0/configurations", this::list)
                .put("/api/v2.0/configurations", this::update)
                .get("/api/v2.0/internalconfig", ConfigRoutes::internal)
                .get("/api/v2.0/system/CVEAllowlist", this::showAllowlist)
                .put("/api/v2.0/system/CVEAllowlist", this::putAllowlist);
    }

    private void list(ApiCall call) {
        guard.requireSystem(call, "configuration:read");
        Map<String, Object> ofSources = database.read(tx -> auth.shown(tx, storedMode()));
        Map<String, Object> all = new TreeMap<>();
        ConfigItem.ALL.forEach((name, item) -> {
            Object value = item.kind() == ConfigItem.Kind.SOURCE ? ofSources.get(name) : value(item);
            all.put(name, Body.of("editable", item.kind() != ConfigItem.Kind.FIXED, "value", value));
        });
        call.ok(all);
    }

    private Object value(ConfigItem item) {
        Optional<Setting<?>> setting = item.setting();
        return setting.isPresent() ? site.get(setting.get()) : item.fallback();
    }

    private String storedMode() {
        return site.get(AuthSettings.STORED_MODE);
    }

    private static void internal(ApiCall call) {
        throw new OciException(ErrorCode.UNAUTHORIZED, "only internal service is allowed to call this API");
    }

    private void update(ApiCall call) throws IOException {
        JsonBody body = call.body("configurations");
        // Whoever sets how people log in decides who is who, administrators included.
        Change.Origin origin = guard.requireAdministrator(call);
        Map<String, String> settings = new HashMap<>();
        Map<String, Object> ofSources = new HashMap<>();
        for (String name : body.names()) {
            ConfigItem item = ConfigItem.ALL.get(name);
            if (item == null || !body.has(name)) {
                continue; // Harbor ignores what it does not know
            }
            Object value = AuthKey.typed(body, name, item.fallback());
            switch (item.kind()) {
                case SETTING, KEPT -> settings.put(name, checked(item.setting().orElseThrow(), value.toString()));
                case SOURCE -> ofSources.put(name, value);
                case FIXED -> requireUnchanged(item, value);
            }
        }
        Object mode = ofSources.remove(AuthSettings.MODE);
        if (mode != null && !mode.equals("")) {
            settings.put(AuthSettings.MODE, checked(AuthSettings.STORED_MODE, mode.toString()));
        }
        var wanted = new AuthSettings.Wanted(ofSources, secrets(body), settings.get(AuthSettings.MODE));
        database.write(tx -> {
            auth.write(tx, wanted, site.get(tx, AuthSettings.STORED_MODE), origin);
            site.put(tx, settings, origin);
            return null;
        });
        call.ok();
    }

    // Clients that do not know a secret send an empty one.
    private static Map<String, String> secrets(JsonBody body) {
        Map<String, String> secrets = new HashMap<>();
        for (AuthFamily family : AuthFamily.values()) {
            String secret = body.text(family.secretKey(), "");
            if (!secret.isEmpty()) {
                secrets.put(family.secretKey(), secret);
            }
        }
        return secrets;
    }

    private static String checked(Setting<?> setting, String value) {
        if (value.length() > MAX_TEXT) {
            throw new OciException(ErrorCode.BAD_REQUEST, "the setting " + setting.name() + " is too long");
        }
        setting.parse(value);
        return value;
    }

    // Clients send everything that they know, with nothing in it; that is no wish to change anything.
    private static void requireUnchanged(ConfigItem item, Object value) {
        boolean nothing = value.equals(item.fallback()) || value.equals("") || value.equals(0L) || value.equals(false);
        if (nothing) {
            return;
        }
        throw Absent.feature("the setting " + item.name() + " in this API");
    }

    private void showAllowlist(ApiCall call) {
        guard.requireSomebody(call);
        String stored = site.get(ALLOWLIST);
        call.ok(CveAllowlist.read(stored.isEmpty() ? null : stored).body(1, null));
    }

    private void putAllowlist(ApiCall call) throws IOException {
        JsonBody body = call.body("allowlist");
        Change.Origin origin = guard.requireAdministrator(call);
        site.put(
                Map.of(
                        CveAllowlist.SETTING,
                        CveAllowlist.of(body, clock.millis()).stored()),
                origin);
        call.ok();
    }
}
