package io.berth.rbac;

import io.berth.db.Change;
import io.berth.db.Tx;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import io.berth.site.Setting;
import io.berth.site.SiteSettings;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** The site's settings, as a file says it. Within the transaction of {@link Rbac}. */
final class SiteRules {
    private final SiteSettings site;

    SiteRules(SiteSettings site) {
        this.site = site;
    }

    void put(Tx tx, SortedMap<String, String> wanted, List<String> changes, Change.Origin origin) {
        SortedMap<String, String> before = describe(tx);
        var changed = new TreeMap<String, String>();
        wanted.forEach((name, value) -> {
            String parsed = String.valueOf(setting(name).parse(value));
            if (!parsed.equals(before.get(name))) {
                changed.put(name, parsed);
                changes.add("~ setting " + name + ": " + parsed);
            }
        });
        site.put(tx, changed, origin);
    }

    private static Setting<?> setting(String name) {
        return Setting.all().stream()
                .filter(setting -> setting.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new OciException(
                        ErrorCode.BAD_REQUEST,
                        "settings: there is no '" + name + "' here, but "
                                + String.join(
                                        ", ",
                                        Setting.all().stream()
                                                .map(Setting::name)
                                                .sorted()
                                                .toList())));
    }

    SortedMap<String, String> describe(Tx tx) {
        var values = new TreeMap<String, String>();
        Setting.all().forEach(setting -> values.put(setting.name(), String.valueOf(site.get(tx, setting))));
        return values;
    }
}
