package io.berth.server;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who makes projects: by the API as the site says, by a push as the configuration says. */
class ProjectCreationTest {
    private static final String PASSWORD = "Creating-12345";
    private static final String USER = BerthUnderTest.basic("user", PASSWORD);

    @TempDir
    Path data;

    private BerthUnderTest berth;

    @AfterEach
    void stop() {
        berth.close();
    }

    private void start(String byPush) {
        berth = BerthUnderTest.start(data, "projects.created-by-push=" + byPush);
        berth.makeUser("user", PASSWORD);
        leftTo("everyone");
    }

    private void leftTo(String whom) {
        berth.api("PUT", "/configurations", "{\"project_creation_restriction\":\"" + whom + "\"}", BerthUnderTest.ADMIN)
                .isStatus(200);
    }

    private Answer create(String name, String who) {
        return berth.api("POST", "/projects", "{\"project_name\":\"" + name + "\"}", who);
    }

    private Answer push(String project, String who) {
        byte[] blob = Content.random(100);
        return berth.call("POST", "/v2/" + project + "/app/blobs/uploads/?digest=" + Content.sha256(blob))
                .as(who)
                .body(blob)
                .send();
    }

    private Answer project(String name) {
        return berth.api("GET", "/projects/" + name, "", BerthUnderTest.ADMIN);
    }

    @Test
    void theSiteSaysWhetherEverybodyMakesProjectsByTheApi() {
        start("never");
        create("users", USER).isStatus(201);
        leftTo("adminonly");
        create("refused", USER).isStatus(403);
        project("refused").isStatus(404);
        create("admins", BerthUnderTest.ADMIN).isStatus(201);
        push("users", USER).isStatus(201);
    }

    @Test
    void whereAPushNeverMakesOneItIsRefusedToAdministratorsToo() {
        start("never");
        push("users", USER).isError(403, "DENIED");
        push("admins", BerthUnderTest.ADMIN).isError(403, "DENIED");
        project("users").isStatus(404);
        project("admins").isStatus(404);
    }

    @Test
    void thePushOfAnAdministratorMakesOneByDefault() {
        start("administrators");
        push("users", USER).isError(403, "DENIED");
        push("admins", BerthUnderTest.ADMIN).isStatus(201);
        project("users").isStatus(404);
        project("admins").isStatus(200);
    }

    @Test
    void thePushOfWhoeverMayMakeOneMakesOneOfTheirsAlone() {
        start("creators");
        push("users", USER).isStatus(201);
        project("users").isStatus(200);
        push("users", USER).isStatus(201);
        berth.makeUser("second", PASSWORD);
        push("users", BerthUnderTest.basic("second", PASSWORD)).isError(403, "DENIED");
        leftTo("adminonly");
        push("later", USER).isError(403, "DENIED");
        project("later").isStatus(404);
        push("users", USER).isStatus(201);
    }
}
