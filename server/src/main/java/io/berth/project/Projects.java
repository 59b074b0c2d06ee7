package io.berth.project;

import io.berth.db.Change;
import io.berth.db.Tx;
import io.berth.http.Principal;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.util.Optional;

/** Projects by name. */
public final class Projects {
    private Projects() {}

    /**
     * The id of a project, which a push may create: by default an administrator's does, others' do not.
     *
     * @throws OciException {@code DENIED} when it does not exist and may not be created
     */
    public static long forPush(Tx tx, String name, Principal principal, Change.Origin origin) {
        ProjectDao dao = tx.dao(ProjectDao.class);
        Optional<Long> existing = dao.find(name);
        if (existing.isPresent()) {
            return existing.get();
        }
        if (!principal.administrator()) {
            throw new OciException(ErrorCode.DENIED, "requested access to the resource is denied");
        }
        dao.insert(name, false, tx.nowMillis());
        tx.change(new Change("project-created", name, "{}", origin));
        return dao.find(name).orElseThrow();
    }

    /** Makes the project of names without one, unless it exists. */
    public static void ensureDefault(Tx tx, String name) {
        ProjectDao dao = tx.dao(ProjectDao.class);
        // SQLite writes the counter of ids even where there is nothing to insert, and every start comes here.
        if (dao.find(name).isEmpty() && dao.insert(name, true, tx.nowMillis()) > 0) {
            tx.change(new Change("project-created", name, "{\"public\":true}", Change.Origin.SYSTEM));
        }
    }
}
