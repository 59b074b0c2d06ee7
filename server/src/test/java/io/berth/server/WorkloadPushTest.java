package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.nimbusds.jwt.SignedJWT;
import io.berth.SteppedClock;
import io.berth.access.Grant;
import io.berth.access.Grants;
import io.berth.db.Change;
import io.berth.db.TestDatabase;
import io.berth.identity.AccessVersion;
import io.berth.identity.Robots;
import io.berth.identity.workload.Issuer;
import io.berth.identity.workload.WorkloadRules;
import io.berth.oci.Json;
import io.berth.project.TestProjects;
import io.berth.site.SiteSettings;
import java.nio.file.Path;
import java.text.ParseException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A whole Berth to which a CI's job pushes with nothing but the token that the CI gave it. */
class WorkloadPushTest {
    private static final Change.Origin ROOT = Change.Origin.by("admin");

    @TempDir
    Path data;

    @Test
    void aJobPushesWithItsOwnTokenWhereItsRobotMayAndNowhereElse() throws Exception {
        try (var issuer = new Issuer()) {
            try (var berth = BerthUnderTest.start(data)) {
                berth.pushImage("ci/app", "seed", Content.random(100));
                berth.pushImage("other/app", "seed", Content.random(100));
            }
            configure(issuer);
            try (var berth = BerthUnderTest.start(data)) {
                String job = BerthUnderTest.basic(
                        "job", issuer.token("berth", Map.of("project_path", "group/app", "ref", "main")));
                String foreign = BerthUnderTest.basic(
                        "job", issuer.token("berth", Map.of("project_path", "mallory/app", "ref", "main")));
                berth.call("GET", "/v2/").as(job).send().isStatus(200);
                berth.call("GET", "/v2/").as(foreign).send().isStatus(401);
                byte[] layer = Content.random(5_000);
                String digest = Content.sha256(layer);
                berth.call("POST", "/v2/ci/app/blobs/uploads/?digest=" + digest)
                        .as(job)
                        .body(layer)
                        .send()
                        .isStatus(201);
                assertThat(berth.call("GET", "/v2/ci/app/blobs/" + digest)
                                .as(job)
                                .send()
                                .isStatus(200)
                                .body())
                        .isEqualTo(layer);
                berth.call("POST", "/v2/other/app/blobs/uploads/?digest=" + digest)
                        .as(job)
                        .body(layer)
                        .send()
                        .isStatus(403);
            }
        }
    }

    @Test
    void aTokenThatAJobGotForItsOwnEndsWithIt() throws Exception {
        var clock = new SteppedClock(Instant.now());
        try (var issuer = new Issuer()) {
            try (var berth = new RunningBerth(data, clock)) {
                berth.manifest("ci/app", "seed", berth.image("ci/app", Content.random(100)));
            }
            configure(issuer);
            try (var berth = new RunningBerth(data, clock)) {
                String job = issuer.token("berth", Map.of("project_path", "group/app", "ref", "main"));
                var answer = berth.sendAs(
                        BerthUnderTest.basic("job", job),
                        "GET",
                        "/service/token?service=berth&scope=repository:ci/app:pull",
                        null);
                JsonNode got =
                        Json.MAPPER.readTree(RunningBerth.expect(200, answer).body());
                String token = got.path("token").asText();
                assertThat(end(token)).isEqualTo(end(job));
                Duration left = Duration.between(clock.instant(), end(job).toInstant());
                assertThat(got.path("expires_in").asLong()).isBetween(left.toSeconds(), left.toSeconds() + 1);
                assertThat(got.has("refresh_token")).isFalse();
                clock.advance(left.minusSeconds(1));
                assertThat(pull(berth, token)).isEqualTo(200);
                clock.advance(Duration.ofSeconds(1));
                assertThat(pull(berth, token)).isEqualTo(401);
            }
        }
    }

    private static Date end(String token) throws ParseException {
        return SignedJWT.parse(token).getJWTClaimsSet().getExpirationTime();
    }

    private static int pull(RunningBerth berth, String token) {
        return berth.sendAs("Bearer " + token, "GET", "/v2/ci/app/manifests/seed", null)
                .statusCode();
    }

    private void configure(Issuer issuer) {
        try (var database = TestDatabase.SQLITE.open(data, Clock.systemUTC(), new Random(3))) {
            var version = new AccessVersion();
            var robots = new Robots(database, new Random(4), new SiteSettings(database), version);
            long project = TestProjects.of(database).find("ci").orElseThrow().id();
            long robot = database.write(tx -> robots.create(tx, project, "pipeline", "", -1, null, ROOT))
                    .robot()
                    .id();
            new Grants(database, version)
                    .add(Grants.Wanted.member(Grant.SubjectKind.ROBOT, robot, project, "developer"), ROOT);
            ObjectNode settings = Json.MAPPER.createObjectNode().put("audience", "berth");
            settings.putObject("claims").put("project_path", "group/app");
            new WorkloadRules(database, version).put("app", issuer.url(), settings, robot, true, ROOT);
        }
    }
}
