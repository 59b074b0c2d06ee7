package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the site's settings do, and what they cannot be. */
class SiteSettingsTest {
    @TempDir
    Path data;

    private static Answer configure(BerthUnderTest berth, String members) {
        return berth.api("PUT", "/configurations", "{" + members + "}", BerthUnderTest.ADMIN);
    }

    @Test
    void theQuotaOfNewProjectsIsSomethingOrNone() {
        try (var berth = BerthUnderTest.start(data)) {
            configure(berth, "\"storage_per_project\":0").isError(400, "BAD_REQUEST");
            configure(berth, "\"storage_per_project\":5000").isStatus(200);
            String location = berth.api("POST", "/projects", "{\"project_name\":\"small\"}", BerthUnderTest.ADMIN)
                    .isStatus(201)
                    .header("Location");
            Answer quota = berth.api(
                            "GET",
                            "/quotas/" + location.substring(location.lastIndexOf('/') + 1),
                            "",
                            BerthUnderTest.ADMIN)
                    .isStatus(200);
            assertThat(quota.json().path("hard").path("storage").asLong()).isEqualTo(5000);
        }
    }

    @Test
    void nobodyRegistersThemselvesAndNoSettingSaysSo() {
        try (var berth = BerthUnderTest.start(data)) {
            assertThat(configure(berth, "\"self_registration\":true")
                            .isError(501, "NOT_IMPLEMENTED")
                            .text())
                    .contains("self_registration");
            configure(berth, "\"self_registration\":false").isStatus(200);
            Answer shown = berth.api("GET", "/configurations", "", BerthUnderTest.ADMIN);
            assertThat(shown.json().path("self_registration").toString())
                    .isEqualTo("{\"editable\":false,\"value\":false}");
            assertThat(berth.api("GET", "/systeminfo", "", null)
                            .json()
                            .path("self_registration")
                            .asBoolean(true))
                    .isFalse();
        }
    }

    @Test
    void aSessionsCookieIsSecureWhereClientsComeByTls() {
        for (String scheme : new String[] {"http", "https"}) {
            try (var berth = BerthUnderTest.start(
                    data.resolve(scheme), "server.external-url=" + scheme + "://registry.example.com")) {
                String cookie = berth.loginForm("admin", BerthUnderTest.PASSWORD)
                        .send()
                        .isStatus(200)
                        .header("Set-Cookie");
                assertThat(cookie.contains("; Secure")).as(cookie).isEqualTo(scheme.equals("https"));
                assertThat(berth.get("/c/log_out").header("Set-Cookie").contains("; Secure"))
                        .isEqualTo(scheme.equals("https"));
            }
        }
    }
}
