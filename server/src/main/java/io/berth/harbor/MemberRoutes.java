package io.berth.harbor;

import io.berth.access.Grant;
import io.berth.access.Grants;
import io.berth.access.Permissions;
import io.berth.db.Database;
import io.berth.http.ApiCall;
import io.berth.http.JsonBody;
import io.berth.http.Router;
import io.berth.identity.Account;
import io.berth.identity.Accounts;
import io.berth.identity.Groups;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;

/** {@code /projects/{project}/members}: grants of a role in the whole of a project, by their ids. */
final class MemberRoutes {
    private static final String SELECT =
            "g.id, g.project_id, g.subject_kind, g.subject_id, COALESCE(a.name, ug.name) AS subject_name, r.name AS role";
    private static final String FROM = """
            access_grant g JOIN role r ON r.id = g.role_id
            LEFT JOIN account a ON g.subject_kind = 'USER' AND a.id = g.subject_id
            LEFT JOIN user_group ug ON g.subject_kind = 'GROUP' AND ug.id = g.subject_id
            """;
    private static final String IS_MEMBERSHIP =
            "g.project_id = :project AND g.subject_kind <> 'ROBOT' AND g.repository_pattern IS NULL AND g.tag_pattern IS NULL";

    private final Database database;
    private final Guard guard;
    private final Grants grants;
    private final Accounts accounts;
    private final Groups groups;
    private final GroupKinds kinds;

    MemberRoutes(Database database, Guard guard, Grants grants, Accounts accounts, Groups groups, GroupKinds kinds) {
        this.database = database;
        this.guard = guard;
        this.grants = grants;
        this.accounts = accounts;
        this.groups = groups;
        this.kinds = kinds;
    }

    void add(Router router) {
        router.get("/api/v2.0/projects/{project}/members", this::list)
                .post("/api/v2.0/projects/{project}/members", this::create)
                .get("/api/v2.0/projects/{project}/members/{mid}", this::show)
                .put("/api/v2.0/projects/{project}/members/{mid}", this::update)
                .delete("/api/v2.0/projects/{project}/members/{mid}", this::delete);
    }

    private void list(ApiCall call) {
        Guard.InProject in = guard.project(call, "member:list");
        new Listing(call, Map.of(), "g.id")
                .where(IS_MEMBERSHIP, "project", in.project().id())
                .equal(Column.text("COALESCE(a.name, ug.name)"), call.query("entityname"))
                .answer(database, SELECT, FROM, MemberRoutes::body);
    }

    private static Object body(Row row) {
        Permissions.ProjectRole role = Permissions.roles().get(row.text("role"));
        return Body.of(
                "id",
                row.number("id"),
                "project_id",
                row.number("project_id"),
                "entity_id",
                row.number("subject_id"),
                "entity_name",
                row.text("subject_name"),
                "entity_type",
                row.text("subject_kind").equals("GROUP") ? "g" : "u",
                "role_id",
                role == null ? 0 : role.number(),
                "role_name",
                row.text("role"));
    }

    private void show(ApiCall call) {
        Guard.InProject in = guard.project(call, "member:read");
        long id = call.pathNumber("mid");
        call.ok(database.read(tx -> tx.dao(RowsDao.class)
                .row(
                        "SELECT " + SELECT + " FROM " + FROM + " WHERE " + IS_MEMBERSHIP + " AND g.id = :id",
                        Map.of("project", in.project().id(), "id", id))
                .map(MemberRoutes::body)
                .orElseThrow(() -> unknown(in, id))));
    }

    private static OciException unknown(Guard.InProject in, long id) {
        return new OciException(
                ErrorCode.NOT_FOUND,
                "the project member is not found, project id " + in.project().id() + ", member id " + id);
    }

    private static String role(JsonBody body) {
        long number = body.number("role_id", 0);
        return Permissions.roles().values().stream()
                .filter(role -> role.number() == number)
                .map(Permissions.ProjectRole::name)
                .findFirst()
                .orElseThrow(() -> new OciException(
                        ErrorCode.BAD_REQUEST, "Failed to update project member, role is not in 1,2,3,4,5"));
    }

    private void create(ApiCall call) throws IOException {
        Guard.InProject in = guard.project(call, "member:create");
        JsonBody body = call.body("projectMember");
        String role = role(body);
        JsonBody user = body.object("member_user");
        JsonBody group = body.object("member_group");
        Grants.Wanted wanted;
        if (user != null && !user.names().isEmpty()) {
            wanted = Grants.Wanted.member(
                    Grant.SubjectKind.USER, user(user).id(), in.project().id(), role);
        } else if (group != null && !group.names().isEmpty()) {
            wanted = Grants.Wanted.member(
                    Grant.SubjectKind.GROUP, group(group).id(), in.project().id(), role);
        } else {
            throw new OciException(ErrorCode.BAD_REQUEST, "either member_user or member_group is required");
        }
        try {
            Grant made = grants.add(wanted, in.origin());
            call.created("/api/v2.0/projects/" + call.path("project") + "/members/" + made.id());
        } catch (OciException e) {
            throw e.code() == ErrorCode.CONFLICT
                    ? new OciException(ErrorCode.CONFLICT, "The project member specified already exist")
                    : e;
        }
    }

    private Account user(JsonBody user) {
        long id = user.number("user_id", 0);
        if (id > 0) {
            return accounts.find(id)
                    .orElseThrow(() -> new OciException(
                            ErrorCode.BAD_REQUEST, "Failed to get user " + id + ": user " + id + " not found"));
        }
        String name = user.text("username", "");
        return accounts.find(name)
                .orElseThrow(() -> new OciException(ErrorCode.NOT_FOUND, "user " + name + " is not found"));
    }

    private Groups.Group group(JsonBody group) {
        long id = group.number("id", 0);
        if (id > 0) {
            return groups.find(id)
                    .orElseThrow(() -> new OciException(ErrorCode.BAD_REQUEST, "Group " + id + " not found"));
        }
        String name = group.text("group_name", "");
        String subject = group.text("ldap_group_dn", "");
        String source = kinds.source(group.number("group_type", 0));
        Optional<Groups.Group> found = groups.find(source, subject.isEmpty() ? name : subject);
        return found.orElseThrow(() ->
                new OciException(ErrorCode.NOT_FOUND, (name.isEmpty() ? subject : name) + " not found: not supported"));
    }

    private Optional<Grant> member(Guard.InProject in, long id) {
        return grants.find(id)
                .filter(grant -> grant.isMembership()
                        && grant.projectId() == in.project().id());
    }

    private void update(ApiCall call) throws IOException {
        Guard.InProject in = guard.project(call, "member:update");
        long id = call.pathNumber("mid");
        String role = role(call.body("role"));
        Grant grant = member(in, id).orElseThrow(() -> unknown(in, id));
        grants.changeRole(grant.id(), role, in.origin());
        call.ok();
    }

    // Who has gone already is gone: clients that remove users before their memberships count on it.
    private void delete(ApiCall call) {
        Guard.InProject in = guard.project(call, "member:delete");
        member(in, call.pathNumber("mid")).ifPresent(grant -> grants.remove(grant.id(), in.origin()));
        call.ok();
    }
}
