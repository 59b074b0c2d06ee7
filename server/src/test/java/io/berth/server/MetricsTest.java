package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code /metrics} says, under the names that docs/metrics.md has. */
class MetricsTest {
    @TempDir
    Path directory;

    private static List<String> lines(BerthUnderTest berth) {
        return berth.get("/metrics").isStatus(200).text().lines().toList();
    }

    private static void says(BerthUnderTest berth, String... lines) {
        assertThat(lines(berth)).contains(lines);
    }

    private static void create(BerthUnderTest berth, String project, boolean open, long quota) {
        berth.api(
                        "POST",
                        "/projects",
                        "{\"project_name\":\"%s\",\"public\":%s,\"storage_limit\":%d}".formatted(project, open, quota),
                        BerthUnderTest.ADMIN)
                .isStatus(201);
    }

    @Test
    void projectsTellUsedQuotaAndRemainingUnderOurNamesAndHarbors() {
        try (var berth = BerthUnderTest.start(directory)) {
            create(berth, "limited", true, 10_000);
            create(berth, "free", false, -1);
            berth.pushBlob("limited/app", Content.random(4_000));
            berth.pushImage("free/app", "1");
            List<String> lines = lines(berth);
            assertThat(lines)
                    .contains(
                            "berth_project_used_bytes{project=\"limited\"} 4000.0",
                            "berth_project_quota_bytes{project=\"limited\"} 10000.0",
                            "berth_project_remaining_bytes{project=\"limited\"} 6000.0",
                            "harbor_project_quota_usage_byte{project_name=\"limited\"} 4000.0",
                            "harbor_project_quota_byte{project_name=\"limited\"} 10000.0",
                            "harbor_project_quota_byte{project_name=\"free\"} -1.0",
                            "harbor_project_repo_total{project_name=\"free\",public=\"false\"} 1",
                            // library is public too
                            "harbor_project_total{public=\"true\"} 2",
                            "harbor_project_total{public=\"false\"} 1",
                            "berth_projects_unreported 0.0");
            assertThat(lines)
                    .noneMatch(line -> line.startsWith("berth_project_quota_bytes{project=\"free\"")
                            || line.startsWith("berth_project_remaining_bytes{project=\"free\""));
            // For some seconds the database is not asked again.
            berth.pushBlob("limited/app", Content.random(1_000));
            says(berth, "berth_project_used_bytes{project=\"limited\"} 4000.0");
        }
    }

    @Test
    void refusalsLoginsAndTokensAreCountedByReasonSourceAndKind() {
        try (var berth = BerthUnderTest.start(directory)) {
            says(
                    berth,
                    "berth_refusals_total{reason=\"anonymous\"} 0.0",
                    "berth_refusals_total{reason=\"scope\"} 0.0",
                    "berth_logins_total{result=\"failure\",source=\"none\"} 0.0");
            berth.call("GET", "/v2/").anonymous().send().isError(401, "UNAUTHORIZED");
            berth.call("GET", "/v2/")
                    .as(BerthUnderTest.basic("admin", "wrong"))
                    .send()
                    .isError(401, "UNAUTHORIZED");
            berth.call("GET", "/v2/").as("Bearer wrong").send().isError(401, "UNAUTHORIZED");
            create(berth, "team", false, -1);
            String token = berth.get("/service/token?service=berth&scope=repository:team/app:pull")
                    .isStatus(200)
                    .json()
                    .path("token")
                    .textValue();
            berth.call("POST", "/v2/team/app/blobs/uploads/")
                    .as("Bearer " + token)
                    .send()
                    .isError(401, "UNAUTHORIZED");
            berth.call("POST", "/service/token")
                    .anonymous()
                    .header("Content-Type", "application/x-www-form-urlencoded")
                    .body("grant_type=refresh_token&service=berth&refresh_token=wrong")
                    .send()
                    .isError(401, "UNAUTHORIZED");
            says(
                    berth,
                    "berth_refusals_total{reason=\"anonymous\"} 1.0",
                    "berth_refusals_total{reason=\"credential\"} 2.0",
                    "berth_refusals_total{reason=\"denied\"} 0.0",
                    "berth_refusals_total{reason=\"scope\"} 1.0",
                    "berth_logins_total{result=\"failure\",source=\"none\"} 1.0",
                    "berth_logins_total{result=\"success\",source=\"password\"} 1.0",
                    "berth_tokens_issued_total{kind=\"user\"} 1.0",
                    "berth_tokens_issued_total{kind=\"anonymous\"} 0.0",
                    "berth_tokens_issued_total{kind=\"robot\"} 0.0");
            assertThat(lines(berth)).anyMatch(line -> line.startsWith("berth_audit_queue "));
            assertThat(Stream.of("pull", "login", "refusal"))
                    .allSatisfy(kind -> says(berth, "berth_audit_dropped_total{kind=\"" + kind + "\"} 0.0"));
        }
    }

    @Test
    void theServedCertificateTellsWhenItEnds() throws Exception {
        var certificate = TestCertificate.make(directory, "served");
        try (var berth = BerthUnderTest.startTls(directory.resolve("data"), certificate)) {
            String prefix = "berth_tls_certificate_expiry_timestamp_seconds ";
            double end = lines(berth).stream()
                    .filter(line -> line.startsWith(prefix))
                    .mapToDouble(line -> Double.parseDouble(line.substring(prefix.length())))
                    .findFirst()
                    .orElseThrow();
            Instant notAfter =
                    ((X509Certificate) certificate.x509()).getNotAfter().toInstant();
            assertThat(end).isEqualTo(notAfter.getEpochSecond());
        }
    }
}
