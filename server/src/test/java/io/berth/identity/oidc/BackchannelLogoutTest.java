package io.berth.identity.oidc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.nimbusds.jwt.JWTClaimsSet;
import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.db.TestDatabase;
import io.berth.identity.Source;
import io.berth.identity.TestSources;
import io.berth.identity.workload.Issuer;
import io.berth.oci.Json;
import io.berth.oci.OciException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BackchannelLogoutTest {
    private static final String EVENT = "http://schemas.openid.net/event/backchannel-logout";

    @TempDir
    Path directory;

    private Database database;
    private Issuer issuer;
    private TestSources sources;
    private BackchannelLogout logout;

    interface Sessions {
        @SqlUpdate("""
                INSERT INTO session (hash, account_id, credential, csrf, source, sid, created_at, used_at, expires_at)
                VALUES (:hash, :account, '', '', :source, :sid, 0, 0, 0)
                """)
        void add(
                @Bind("hash") String hash,
                @Bind("account") long account,
                @Bind("source") String source,
                @Bind("sid") String sid);

        @SqlQuery("SELECT hash FROM session ORDER BY hash")
        List<String> all();
    }

    @BeforeEach
    void open() throws Exception {
        database = TestDatabase.SQLITE.open(directory, Clock.systemUTC(), new Random(1));
        issuer = new Issuer();
        sources = new TestSources(database, directory, List.of(new OidcKind(Clock.systemUTC())));
        ObjectNode settings =
                Json.MAPPER.createObjectNode().put("issuer", issuer.url()).put("client-id", "berth");
        sources.identitySources.put("sso", "OIDC", settings, Map.of(), true, Change.Origin.SYSTEM);
        logout = new BackchannelLogout(database, sources.configured, sources.grants, sources.identity.version);
        long anna = account("1", "anna");
        long boss = account("2", "boss");
        database.write(tx -> {
            Sessions dao = tx.dao(Sessions.class);
            dao.add("anna one", anna, "sso", "s1");
            dao.add("anna two", anna, "sso", "s2");
            dao.add("boss", boss, "sso", "s3");
            dao.add("boss nameless", boss, "sso", null);
            dao.add("elsewhere", boss, "local", "s1");
            return null;
        });
    }

    private long account(String subject, String name) {
        return sources.identity
                .onboarding
                .welcome(new Source.Identity(
                        "sso", subject, name, Optional.empty(), "", Optional.empty(), Optional.empty()))
                .orElseThrow()
                .id();
    }

    @AfterEach
    void close() {
        sources.close();
        issuer.close();
        database.close();
    }

    private List<String> sessions() {
        return database.read(tx -> tx.dao(Sessions.class).all());
    }

    private JWTClaimsSet.Builder claims() {
        return issuer.claims("berth", Map.of("sub", "1", "events", Map.of(EVENT, Map.of())));
    }

    @Test
    void aSessionOfTheProviderEndsByItsIdAndAllOfAUserByTheirSubject() throws Exception {
        assertThat(logout.run(issuer.sign(claims().claim("sid", "s1").build()))).isEqualTo(1);
        assertThat(sessions()).containsExactly("anna two", "boss", "boss nameless", "elsewhere");
        assertThat(logout.run(issuer.sign(claims().build()))).isEqualTo(1);
        assertThat(sessions()).containsExactly("boss", "boss nameless", "elsewhere");
        assertThat(logout.run(issuer.sign(claims().build()))).isZero();
    }

    @Test
    void aSessionThatTheProviderDidNotNameEndsWithAnyOfItsUser() throws Exception {
        assertThat(logout.run(issuer.sign(
                        claims().subject("2").claim("sid", "unknown").build())))
                .isEqualTo(1);
        assertThat(sessions()).containsExactly("anna one", "anna two", "boss", "elsewhere");
    }

    @Test
    void whatIsNoLogoutTokenEndsNothing() throws Exception {
        Map<String, String> wrong = new HashMap<>();
        wrong.put("audience", issuer.sign(claims().audience("other").build()));
        wrong.put(
                "issuer", issuer.sign(claims().issuer("https://sso.example.org").build()));
        wrong.put("an ID token", issuer.sign(claims().claim("events", null).build()));
        wrong.put("a nonce", issuer.sign(claims().claim("nonce", "n").build()));
        wrong.put("old", issuer.sign(claims().issueTime(new Date(0)).build()));
        wrong.put("nobody", issuer.sign(claims().subject(null).build()));
        wrong.put("unsigned", Issuer.unsigned(claims().build()));
        wrong.put("HS256 by the public key", issuer.signByPublicKey(claims().build()));
        wrong.put("nothing", "");
        wrong.forEach((what, token) -> assertThatThrownBy(() -> logout.run(token))
                .as(what)
                .isInstanceOfSatisfying(
                        OciException.class, e -> assertThat(e.status()).isEqualTo(400)));
        assertThat(sessions()).hasSize(5);
    }
}
