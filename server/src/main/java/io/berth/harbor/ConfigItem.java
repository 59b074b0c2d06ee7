package io.berth.harbor;

import io.berth.site.Setting;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One key of Harbor's configuration.
 *
 * @param fallback what it is when nobody has set it: a text, a number or a truth value, whose type is the key's
 * @param kind what can be done with it
 */
record ConfigItem(String name, Object fallback, Kind kind) {
    enum Kind {
        /** One of the site's settings. */
        SETTING,
        /** Kept and given back, and does nothing else. */
        KEPT,
        /** Of an identity source, or which of them is on. */
        SOURCE,
        /** Of something that is not there: it keeps the value it has. */
        FIXED
    }

    /** All of them, in the order of their names. */
    static final Map<String, ConfigItem> ALL = all();

    private static Map<String, ConfigItem> all() {
        Map<String, ConfigItem> items = new java.util.TreeMap<>();
        for (Setting<?> setting : List.of(
                Setting.PROJECT_CREATION,
                Setting.READ_ONLY,
                Setting.TOKEN_EXPIRATION,
                Setting.ROBOT_DURATION,
                Setting.ROBOT_PREFIX,
                Setting.STORAGE_PER_PROJECT,
                Setting.SESSION_TIMEOUT)) {
            items.put(setting.name(), new ConfigItem(setting.name(), setting.fallback(), Kind.SETTING));
        }
        Map<String, Object> kept = new LinkedHashMap<>();
        kept.put("banner_message", "");
        kept.put("notification_enable", true);
        kept.put("quota_per_project_enable", true);
        kept.put("primary_auth_mode", false);
        kept.put("ldap_group_attach_parallel", false);
        kept.put("scanner_skip_update_pulltime", false);
        kept.put("skip_audit_log_database", false);
        kept.put("audit_log_forward_endpoint", "");
        kept.put("disabled_audit_log_event_types", "");
        kept.forEach((name, value) -> items.put(name, new ConfigItem(name, value, Kind.KEPT)));
        items.put(AuthSettings.MODE, new ConfigItem(AuthSettings.MODE, AuthSettings.LOCAL_MODE, Kind.SOURCE));
        for (AuthFamily family : AuthFamily.values()) {
            family.keys()
                    .forEach(key -> items.put(key.name(), new ConfigItem(key.name(), key.fallback(), Kind.SOURCE)));
        }
        Map<String, Object> fixed = new LinkedHashMap<>();
        List.of("endpoint", "admin_groups", "admin_usernames", "server_certificate", "tokenreview_endpoint")
                .forEach(name -> fixed.put("http_authproxy_" + name, ""));
        fixed.put("http_authproxy_skip_search", false);
        fixed.put("http_authproxy_verify_cert", true);
        fixed.put("oidc_logout", false);
        fixed.put("self_registration", false);
        fixed.put("uaa_client_id", "");
        fixed.put("uaa_endpoint", "");
        fixed.put("uaa_verify_cert", false);
        fixed.forEach((name, value) -> items.put(name, new ConfigItem(name, value, Kind.FIXED)));
        return java.util.Collections.unmodifiableMap(items);
    }

    /** The setting that keeps it; nothing for what is fixed, or is of a source. */
    Optional<Setting<?>> setting() {
        return switch (kind) {
            case FIXED, SOURCE -> Optional.empty();
            case SETTING ->
                Setting.all().stream()
                        .filter(setting -> setting.name().equals(name))
                        .findFirst()
                        .map(setting -> (Setting<?>) setting);
            case KEPT ->
                Optional.of(
                        switch (fallback) {
                            case Boolean flag -> Setting.bool(name, flag);
                            default -> Setting.text(name, fallback.toString());
                        });
        };
    }
}
