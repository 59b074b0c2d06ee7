package io.berth.harbor;

import io.berth.http.ApiCall;
import io.berth.http.Authentication;
import io.berth.project.ProjectSetting;
import java.util.List;
import java.util.Map;

/** Tells in an answer which settings are kept although nothing enforces them yet. */
final class NotEnforced {
    private NotEnforced() {}

    /** @param settings what was sent, or what is stored */
    static void tell(ApiCall call, Map<String, String> settings) {
        List<String> names = ProjectSetting.notEnforced(settings);
        if (!names.isEmpty()) {
            call.exchange()
                    .add(
                            Authentication.WARNING,
                            "299 - \"kept, and not enforced yet: " + String.join(", ", names) + "\"");
        }
    }
}
