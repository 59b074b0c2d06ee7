package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
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
import java.time.Clock;
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
