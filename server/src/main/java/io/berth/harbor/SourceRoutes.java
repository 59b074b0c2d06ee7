package io.berth.harbor;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.http.ApiCall;
import io.berth.http.JsonBody;
import io.berth.http.Router;
import io.berth.identity.ConfiguredSources;
import io.berth.identity.IdentitySources;
import io.berth.identity.IdentitySources.Configured;
import io.berth.identity.Onboarding;
import io.berth.identity.Source;
import io.berth.identity.ldap.ImportUsers;
import io.berth.identity.ldap.LdapSource;
import io.berth.identity.oidc.OidcProvider;
import io.berth.oci.ErrorCode;
import io.berth.oci.Json;
import io.berth.oci.OciException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** {@code /ldap} and {@code /system/oidc}: the directory and the identity provider that Harbor's configuration means. */
final class SourceRoutes {
    private static final String LDAP = "/api/v2.0/ldap";
    private static final int MAX_IMPORTED = 1000;
    private static final AuthKey URL = AuthFamily.LDAP.keys().getFirst();

    // What else decides about it (start-tls, the CAs) cannot be given here, and is as it is configured.
    private static final List<AuthKey> DOOR = AuthFamily.LDAP.keys().stream()
            .filter(key ->
                    List.of("ldap_url", "ldap_search_dn", "ldap_verify_cert").contains(key.name()))
            .toList();

    private final Database database;
    private final Guard guard;
    private final AuthSettings auth;
    private final IdentitySources configured;
    private final ConfiguredSources sources;
    private final ImportUsers imports;

    SourceRoutes(
            Database database,
            Guard guard,
            AuthSettings auth,
            IdentitySources configured,
            ConfiguredSources sources,
            Onboarding onboarding) {
        this.database = database;
        this.guard = guard;
        this.auth = auth;
        this.configured = configured;
        this.sources = sources;
        this.imports = new ImportUsers(sources, onboarding);
    }

    void add(Router router) {
        router.post(LDAP + "/ping", this::pingDirectory)
                .get(LDAP + "/users/search", this::searchUsers)
                .post(LDAP + "/users/import", this::importUsers)
                .get(LDAP + "/groups/search", this::searchGroups)
                .post("/api/v2.0/system/oidc/ping", this::pingProvider);
    }

    // Asks an address that the caller names, with a password: an administrator's alone.
    private void pingDirectory(ApiCall call) throws IOException {
        guard.requireAdministrator(call);
        JsonBody body = call.exchange().contentLength() == 0 ? null : call.body("ldapconf");
        String problem = null;
        try {
            problem = body == null || body.names().isEmpty() ? pingConfigured() : pingTried(body);
        } catch (OciException e) {
            problem = e.getMessage();
        }
        call.ok(problem == null ? Body.of("success", true) : Body.of("message", "error: " + problem));
    }

    private String pingConfigured() {
        Configured source = directory()
                .orElseThrow(
                        () -> new OciException(ErrorCode.BAD_REQUEST, "no directory is configured, and none given"));
        return ping(source.name(), source.settings(), Map.of());
    }

    private String ping(String secretsOf, JsonNode settings, Map<String, String> secrets) {
        try (var tried = (LdapSource) configured.tryOut(secretsOf, AuthFamily.LDAP.kind(), settings, secrets)) {
            return tried.ping().orElse(null);
        }
    }

    private String pingTried(JsonBody body) {
        Map<String, Object> values = new HashMap<>();
        for (AuthKey key : AuthFamily.LDAP.keys()) {
            String name = key.name().equals("ldap_timeout") ? "ldap_connection_timeout" : key.name();
            key.read(body, name).ifPresent(value -> values.put(key.name(), value));
        }
        values.remove("ldap_timeout", 0L);
        values.putIfAbsent("ldap_verify_cert", false); // what clients mean that leave out what is false
        Optional<Configured> configuredThere =
                directory().filter(source -> URL.shown(source.settings()).equals(values.get(URL.name())));
        ObjectNode settings = AuthSettings.settings(AuthFamily.LDAP, configuredThere, values);
        String password = body.text(AuthFamily.LDAP.secretKey(), "");
        if (!password.isEmpty()) {
            return ping("", settings, Map.of(AuthFamily.LDAP.secret(), password));
        }
        // The password that is stored goes nowhere but where it is configured to go, and as safely.
        String secretsOf = configuredThere
                .filter(source -> DOOR.stream()
                        .allMatch(key -> key.shown(source.settings()).equals(key.shown(settings))))
                .map(Configured::name)
                .orElse("");
        return ping(secretsOf, settings, Map.of());
    }

    private Optional<Configured> directory() {
        return database.read(tx -> auth.source(tx, AuthFamily.LDAP));
    }

    private Optional<LdapSource> inUse() {
        return directory().flatMap(source -> sources.of(LdapSource.class, source.name()));
    }

    private void searchUsers(ApiCall call) {
        guard.requireSystem(call, "ldap-user:list");
        String wanted = Optional.ofNullable(call.query("username")).orElse("");
        List<Object> found = new ArrayList<>();
        inUse().map(directory -> directory.searchUsers(wanted))
                .orElse(List.of())
                .forEach(user -> found.add(user(user)));
        call.ok(found);
    }

    private static Object user(Source.Identity user) {
        return Body.of(
                "username",
                user.name(),
                "realname",
                user.realName(),
                "email",
                user.email().orElse(""));
    }

    private void searchGroups(ApiCall call) {
        guard.requireSystem(call, "ldap-user:list");
        String dn = Optional.ofNullable(call.query("groupdn")).orElse("");
        String wanted =
                dn.isEmpty() ? Optional.ofNullable(call.query("groupname")).orElse("") : LdapSource.groupSubject(dn);
        List<Object> found = new ArrayList<>();
        inUse().map(directory -> directory.searchGroups(wanted))
                .orElse(List.of())
                .forEach(group -> found.add(
                        Body.of("group_name", group.name(), "group_type", 1, "ldap_group_dn", group.subject())));
        call.ok(found);
    }

    private void importUsers(ApiCall call) throws IOException {
        List<String> uids = call.body("uid_list").texts("ldap_uid_list");
        Change.Origin origin = guard.requireSystem(call, "ldap-user:create");
        if (uids.size() > MAX_IMPORTED) {
            throw new OciException(ErrorCode.BAD_REQUEST, "at most " + MAX_IMPORTED + " users are imported at a time");
        }
        String directory = inUse().map(LdapSource::name)
                .orElseThrow(() -> new OciException(ErrorCode.BAD_REQUEST, "no directory is in use"));
        List<Object> failed = new ArrayList<>();
        for (ImportUsers.Result result : imports.run(directory, uids, origin)) {
            switch (result) {
                case ImportUsers.Result.Imported imported -> {}
                case ImportUsers.Result.Unknown(String uid) ->
                    failed.add(Body.of("uid", uid, "error", "the directory knows nobody, or several, by this name"));
                case ImportUsers.Result.Refused(String uid) ->
                    failed.add(Body.of("uid", uid, "error", "the name is taken here, or its owner may not log in"));
            }
        }
        if (failed.isEmpty()) {
            call.ok();
        } else {
            call.answer(404, failed);
        }
    }

    private void pingProvider(ApiCall call) throws IOException {
        guard.requireAdministrator(call);
        JsonBody body = call.body("endpoint");
        ObjectNode settings = Json.MAPPER.createObjectNode();
        settings.put("issuer", body.text("url", ""))
                .put("client-id", "tried")
                .put("verify", body.flag("verify_cert", true));
        try (var tried = (OidcProvider) configured.tryOut("", AuthFamily.OIDC.kind(), settings, Map.of())) {
            tried.ping().ifPresent(problem -> {
                throw new OciException(ErrorCode.BAD_REQUEST, "the identity provider cannot be used: " + problem);
            });
        }
        call.ok();
    }
}
