package io.berth.harbor;

import io.berth.access.Grant;
import io.berth.access.Grants;
import io.berth.db.Database;
import io.berth.http.ApiCall;
import io.berth.http.JsonBody;
import io.berth.http.Router;
import io.berth.identity.Groups;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.io.IOException;
import java.util.Map;

/** {@code /usergroups}. */
final class GroupRoutes {
    private static final String SELECT = "g.id, g.name, g.subject, g.source, s.kind";
    private static final String FROM = "user_group g LEFT JOIN identity_source s ON s.name = g.source";
    private static final Map<String, Column> COLUMNS =
            Map.of("id", Column.number("g.id"), "group_name", Column.text("g.name"));

    private final Database database;
    private final Guard guard;
    private final Groups groups;
    private final Grants grants;
    private final GroupKinds kinds;

    GroupRoutes(Database database, Guard guard, Groups groups, Grants grants, GroupKinds kinds) {
        this.database = database;
        this.guard = guard;
        this.groups = groups;
        this.grants = grants;
        this.kinds = kinds;
    }

    void add(Router router) {
        router.get("/api/v2.0/usergroups", this::list)
                .post("/api/v2.0/usergroups", this::create)
                .get("/api/v2.0/usergroups/search", this::search)
                .get("/api/v2.0/usergroups/{group_id}", this::show)
                .put("/api/v2.0/usergroups/{group_id}", this::update)
                .delete("/api/v2.0/usergroups/{group_id}", this::delete);
    }

    private void list(ApiCall call) {
        guard.requireSystem(call, "user-group:list");
        new Listing(call, COLUMNS, "g.id DESC")
                .contains(COLUMNS.get("group_name"), call.query("group_name"))
                .equal(Column.text("g.subject"), call.query("ldap_group_dn"))
                .answer(database, SELECT, FROM, row -> body(row, true));
    }

    private void search(ApiCall call) {
        guard.requireSomebody(call);
        new Listing(call, Map.of(), "g.id")
                .contains(COLUMNS.get("group_name"), call.requireQuery("groupname"))
                .answer(database, SELECT, FROM, row -> body(row, true));
    }

    private static Object body(Row row, boolean withId) {
        int kind = GroupKinds.of(row);
        return Body.of(
                "id",
                withId ? row.number("id") : null,
                "group_name",
                row.text("name"),
                "group_type",
                kind,
                "ldap_group_dn",
                kind == 1 ? row.text("subject") : null);
    }

    private void show(ApiCall call) {
        guard.requireSystem(call, "user-group:read");
        long id = call.pathNumber("group_id");
        call.ok(database.read(tx -> tx.dao(RowsDao.class)
                .row("SELECT " + SELECT + " FROM " + FROM + " WHERE g.id = :id", Map.of("id", id))
                .map(row -> body(row, false))
                .orElseThrow(() ->
                        new OciException(ErrorCode.NOT_FOUND, "the user group with id " + id + " is not found"))));
    }

    private void create(ApiCall call) throws IOException {
        var origin = guard.requireSystem(call, "user-group:create");
        JsonBody body = call.body("usergroup");
        long kind = body.number("group_type", 0);
        String name = body.text("group_name", "").strip();
        String dn = body.text("ldap_group_dn", "").strip();
        String subject = kind == 1 ? dn : name;
        try {
            Groups.Group made = groups.create(kinds.source(kind), subject, name.isEmpty() ? subject : name, origin);
            call.created("/api/v2.0/usergroups/" + made.id());
        } catch (OciException e) {
            throw e.code() == ErrorCode.CONFLICT
                    ? new OciException(
                            ErrorCode.CONFLICT,
                            "duplicate user group, group name:" + name + ", group type: " + kind + ", ldap group DN: "
                                    + dn)
                    : e;
        }
    }

    private void update(ApiCall call) throws IOException {
        var origin = guard.requireSystem(call, "user-group:update");
        String name = call.body("usergroup").text("group_name", "").strip();
        if (name.isEmpty()) {
            throw new OciException(ErrorCode.BAD_REQUEST, "the group name cannot be empty");
        }
        groups.rename(call.pathNumber("group_id"), name, origin);
        call.ok();
    }

    private void delete(ApiCall call) {
        var origin = guard.requireSystem(call, "user-group:delete");
        long id = call.pathNumber("group_id");
        database.write(tx -> {
            grants.removeAllOf(tx, Grant.SubjectKind.GROUP, id);
            groups.delete(tx, id, origin);
            return null;
        });
        call.ok();
    }
}
