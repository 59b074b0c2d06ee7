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
            berth.makeUser("reader", "Abcd1234");
            berth.api(
                            "POST",
                            "/projects/free/members",
                            "{\"role_id\":3,\"member_user\":{\"username\":\"reader\"}}",
                            BerthUnderTest.ADMIN)
                    .isStatus(201);
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
                            // its owner is one too
                            "harbor_project_member_total{project_name=\"free\"} 2",
                            "harbor_artifact_pulled{project_name=\"free\"} 0",
                            "harbor_statistics_total_project_amount 3",
                            "harbor_statistics_public_project_amount 2",
                            "harbor_statistics_private_project_amount 1",
                            "harbor_statistics_total_repo_amount 1",
                            "harbor_statistics_public_repo_amount 0",
                            "harbor_statistics_private_repo_amount 1",
                            "berth_projects_unreported 0.0");
            assertThat(value(lines, "harbor_statistics_total_storage_consumption"))
                    .isGreaterThan(4_000);
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
                    "berth_logins_total{result=\"failure\",source=\"local\"} 1.0",
                    "berth_logins_total{result=\"failure\",source=\"none\"} 0.0",
                    "berth_logins_total{result=\"success\",source=\"local\"} 1.0",
                    "berth_tokens_issued_total{kind=\"user\"} 1.0",
                    "berth_tokens_issued_total{kind=\"anonymous\"} 0.0",
                    "berth_tokens_issued_total{kind=\"robot\"} 0.0");
            assertThat(lines(berth)).anyMatch(line -> line.startsWith("berth_audit_queue "));
            assertThat(Stream.of("pull", "login", "refusal"))
                    .allSatisfy(kind -> says(berth, "berth_audit_dropped_total{kind=\"" + kind + "\"} 0.0"));
        }
    }

    private static double value(List<String> lines, String name) {
        return lines.stream()
                .filter(line -> line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no metric " + name));
    }

    @Test
    void requestsAndBytesAreCountedByOperationAndCode() {
        try (var berth = BerthUnderTest.start(directory)) {
            byte[] blob = Content.random(5_000);
            String digest = berth.pushBlob("library/counted", blob);
            for (int i = 0; i < 3; i++) {
                berth.get("/v2/library/counted/blobs/" + digest).isStatus(200);
            }
            berth.call("GET", "/v2/library/counted/blobs/" + digest)
                    .header("Range", "bytes=0-9")
                    .send()
                    .isStatus(206);
            berth.call("POST", "/v2/library/counted/blobs/uploads/?digest=" + Content.sha256(new byte[1]))
                    .body(blob)
                    .send()
                    .isError(400, "DIGEST_INVALID");
            // A request is counted when its answer has been written, which its client may see a moment before.
            Gauges.eventually(
                    "all are counted",
                    () -> lines(berth).contains(requests("count", "code=\"400\",operation=\"blob-put\"", 1))
                            && lines(berth).contains(requests("count", "code=\"206\",operation=\"blob-get\"", 1)));
            List<String> lines = lines(berth);
            assertThat(lines)
                    .contains(
                            requests("count", "code=\"200\",operation=\"blob-get\"", 3),
                            requests("count", "code=\"201\",operation=\"blob-put\"", 1),
                            requests("bucket", "code=\"200\",operation=\"blob-get\",le=\"+Inf\"", 3),
                            bytes("request", "201", "blob-put", "5000.0"),
                            bytes("request", "400", "blob-put", "5000.0"),
                            bytes("response", "200", "blob-get", "15000.0"),
                            bytes("response", "206", "blob-get", "10.0"),
                            bytes("request", "200", "blob-get", "0.0"));
            for (String bound : List.of("1.0E-4", "0.001", "0.1", "60.0")) {
                assertThat(lines)
                        .anyMatch(line -> line.startsWith("berth_http_requests_seconds_bucket{code=\"200\","
                                + "operation=\"blob-get\",le=\"" + bound + "\"}"));
            }
            assertThat(value(lines, "berth_http_requests_seconds_sum{code=\"200\",operation=\"blob-get\"}"))
                    .isPositive();
        }
    }

    @Test
    void requestsHealthAndArtifactsAreToldUnderHarborsNames() throws Exception {
        try (var berth = BerthUnderTest.start(directory)) {
            create(berth, "team", false, -1);
            Content image = Content.image(berth, "team/app", Content.random(40));
            berth.pushManifest("team/app", "1", image);
            berth.pushImage("team/app", "2", Content.random(50));
            berth.pushManifest("team/app", "all", Content.index("", image));
            berth.get("/v2/team/app/manifests/1").isStatus(200);
            berth.get("/v2/team/app/manifests/1").isStatus(200);
            String counted = "harbor_core_http_request_total{code=\"200\",operation=\"manifest-get\"} 2";
            Gauges.eventually("both are counted", () -> lines(berth).contains(counted));
            List<String> lines = lines(berth);
            assertThat(lines)
                    .contains(
                            requests("count", "code=\"200\",operation=\"manifest-get\"", 2),
                            "harbor_core_http_request_duration_seconds_count{operation=\"manifest-get\"} 2",
                            "harbor_core_http_inflight_requests 1", // this one
                            "harbor_up{component=\"core\"} 1",
                            "harbor_up{component=\"database\"} 1",
                            "harbor_up{component=\"space\"} 1",
                            "harbor_system_info{auth_mode=\"db_auth\",harbor_version=\"v2.15.2-berth\",self_registration=\"false\"} 1",
                            "harbor_health 1");
            assertThat(value(lines, "harbor_core_http_request_duration_seconds_sum{operation=\"manifest-get\"}"))
                    .isEqualTo(
                            value(lines, "berth_http_requests_seconds_sum{code=\"200\",operation=\"manifest-get\"}"));
            assertThat(lines.stream().filter(line -> line.startsWith("# TYPE ")))
                    .doesNotHaveDuplicates();
            try (var database = berth.database();
                    var statement = database.createStatement()) {
                statement.executeUpdate("UPDATE manifest SET artifact_type = 'application/vnd.cncf.helm.config.v1+json'"
                        + " WHERE id = (SELECT manifest_id FROM tag WHERE name = '2')");
            }
        }
        try (var berth = BerthUnderTest.start(directory)) {
            String prefix = "harbor_project_artifact_total{project_name=\"team\",public=\"false\",artifact_type=";
            Gauges.eventually(
                    "they are counted",
                    () -> lines(berth).containsAll(List.of(prefix + "\"IMAGE\"} 2", prefix + "\"CHART\"} 1")));
        }
    }

    private static String requests(String what, String tags, int count) {
        return "berth_http_requests_seconds_" + what + "{" + tags + "} " + count;
    }

    private static String bytes(String direction, String code, String operation, String count) {
        return "berth_http_%s_bytes_total{code=\"%s\",operation=\"%s\"} %s"
                .formatted(direction, code, operation, count);
    }

    @Test
    void theStoreTheDatabaseTheCachesAndTheProcessAreMeasured() {
        try (var berth = BerthUnderTest.start(directory, "storage.inline-limit=0")) {
            String digest = berth.pushBlob("library/stored", Content.random(5_000));
            berth.pushImage("library/stored", "1");
            List<String> before = lines(berth);
            for (int i = 0; i < 4; i++) {
                berth.get("/v2/library/stored/manifests/1").isStatus(200);
                berth.get("/v2/library/stored/blobs/" + digest).isStatus(200);
            }
            List<String> after = lines(berth);
            String hits = "cache_gets_total{cache=\"manifests\",result=\"hit\"}";
            assertThat(value(after, hits) - value(before, hits)).isGreaterThanOrEqualTo(4);
            String reads = "berth_store_actions_seconds_count{action=\"read\",store=\"file\"}";
            assertThat(value(after, reads) - value(before, reads)).isEqualTo(4);
            for (String action : List.of("append", "commit", "size", "delete")) {
                String name = "berth_store_actions_seconds_count{action=\"" + action + "\",store=\"file\"}";
                assertThat(value(after, name)).as(name).isGreaterThanOrEqualTo(action.equals("delete") ? 0 : 1);
            }
            for (String timer : List.of("berth_database_reads_seconds", "berth_database_commits_seconds")) {
                assertThat(value(after, timer + "_count")).as(timer).isPositive();
                assertThat(value(after, timer + "_sum")).as(timer).isPositive();
            }
            assertThat(value(after, "berth_database_group_size_count")).isPositive();
            for (String name : List.of(
                    "jvm_threads_live_threads",
                    "jvm_classes_loaded_classes",
                    "process_uptime_seconds",
                    "system_cpu_count")) {
                assertThat(value(after, name)).as(name).isPositive();
            }
            assertThat(after).anyMatch(line -> line.startsWith("jvm_memory_used_bytes{area=\"heap\""));
        }
    }

    @Test
    void openUploadsAreCountedThoughNobodyHasAskedForThemSinceTheStart() {
        String upload;
        try (var berth = BerthUnderTest.start(directory)) {
            says(berth, "berth_uploads_open 0.0");
            upload = berth.openUpload("library/open");
            berth.openUpload("library/open");
            berth.delete(berth.openUpload("library/open")).isStatus(204);
            Gauges.eventually("two are open", () -> Gauges.openUploads(berth) == 2);
        }
        try (var berth = BerthUnderTest.start(directory)) {
            says(berth, "berth_uploads_open 2.0");
            berth.delete(upload).isStatus(204);
            Gauges.eventually("one is open", () -> Gauges.openUploads(berth) == 1);
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
