package io.berth.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A right that is taken away while a request sends its body: it had been let in, and comes to nothing. */
class RevokedMidwayTest {
    private static final String PASSWORD = "Midway-12345";

    @TempDir
    static Path data;

    private static BerthUnderTest berth;

    @BeforeAll
    static void start() {
        berth = BerthUnderTest.start(data);
    }

    @AfterAll
    static void stop() {
        berth.close();
    }

    /** Makes a project and a developer of it, both of one name; returns the path of the membership. */
    private static String member(String name) {
        berth.makeUser(name, PASSWORD);
        berth.api("POST", "/projects", "{\"project_name\":\"" + name + "\"}", BerthUnderTest.ADMIN)
                .isStatus(201);
        return berth.api(
                        "POST",
                        "/projects/" + name + "/members",
                        "{\"role_id\":2,\"member_user\":{\"username\":\"" + name + "\"}}",
                        BerthUnderTest.ADMIN)
                .isStatus(201)
                .header("Location");
    }

    /** Asks whether to go on, is told to, and goes on after the membership is gone. */
    private static Answer send(String who, String method, String path, String type, byte[] body, String membership)
            throws IOException {
        try (RawHttp raw = berth.raw()) {
            raw.send(method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: "
                    + BerthUnderTest.basic(who, PASSWORD) + "\r\nContent-Type: " + type + "\r\nContent-Length: "
                    + body.length + "\r\nExpect: 100-continue\r\n\r\n");
            assertThat(raw.read().status()).isEqualTo(100);
            berth.delete(membership).isStatus(200);
            return raw.send(body).read();
        }
    }

    @Test
    void aManifestIsNotStored() throws IOException {
        String membership = member("mani");
        Content manifest = Content.image(berth, "mani/app", Content.random(100));
        send("mani", "PUT", "/v2/mani/app/manifests/v1", manifest.type(), manifest.bytes(), membership)
                .isError(403, "DENIED");
        berth.get("/v2/mani/app/manifests/v1").isStatus(404);
        berth.get("/v2/mani/app/manifests/" + manifest.digest()).isStatus(404);
        Gauges.eventually(
                "the refusal is in the audit log",
                () -> berth.get("/api/v1/audit?operation=push&success=false&actor=mani")
                                .json()
                                .path("entries")
                                .size()
                        == 1);
    }

    @Test
    void aBlobIsNotCommitted() throws IOException {
        String membership = member("blob");
        byte[] blob = Content.random(50_000);
        String upload = berth.call("POST", "/v2/blob/app/blobs/uploads/")
                .as(BerthUnderTest.basic("blob", PASSWORD))
                .send()
                .isStatus(202)
                .header("Location");
        String digest = Content.sha256(blob);
        send("blob", "PUT", upload + "?digest=" + digest, "application/octet-stream", blob, membership)
                .isError(403, "DENIED");
        berth.head("/v2/blob/app/blobs/" + digest).isStatus(404);
    }

    @Test
    void whatAnotherLosesIsNoHindrance() throws IOException {
        String others = member("other");
        member("mine");
        Content manifest = Content.image(berth, "mine/app", Content.random(100));
        send("mine", "PUT", "/v2/mine/app/manifests/v1", manifest.type(), manifest.bytes(), others)
                .isStatus(201);
    }
}
