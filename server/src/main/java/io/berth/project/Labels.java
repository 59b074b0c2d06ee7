package io.berth.project;

import io.berth.db.Change;
import io.berth.db.Database;
import io.berth.db.Tx;
import io.berth.oci.ErrorCode;
import io.berth.oci.Json;
import io.berth.oci.OciException;
import java.util.Optional;

/** Labels, of a project or of all, and the manifests that they are stuck to. Thread-safe. */
public final class Labels {
    private static final int MAX_NAME = 128;
    private static final int MAX_TEXT = 1024;

    private final Database database;

    public Labels(Database database) {
        this.database = database;
    }

    /**
     * A label.
     *
     * @param projectId null for one of all projects, as {@code project} is
     */
    public record Label(
            long id,
            Long projectId,
            String project,
            String name,
            String description,
            String color,
            long createdAt,
            long updatedAt) {}

    public Optional<Label> find(long id) {
        return database.read(tx -> tx.dao(LabelDao.class).find(id));
    }

    /**
     * Makes one.
     *
     * @param project null for all projects
     * @throws OciException {@code BAD_REQUEST} for a name or color that cannot be, {@code CONFLICT} when there is one
     */
    public Label create(Long project, String name, String description, String color, Change.Origin origin) {
        requireForm(name, description, color);
        return database.write(tx -> {
            LabelDao dao = tx.dao(LabelDao.class);
            requireFree(dao, project, name, 0);
            Label made = dao.find(dao.insert(project, name, description, color, tx.nowMillis()))
                    .orElseThrow();
            tx.change(new Change("label-created", key(made), Json.object("color", color), origin));
            return made;
        });
    }

    /** Changes everything but where it belongs. @throws OciException as {@link #create}, and {@code NOT_FOUND} */
    public void update(long id, String name, String description, String color, Change.Origin origin) {
        requireForm(name, description, color);
        database.write(tx -> {
            LabelDao dao = tx.dao(LabelDao.class);
            Label before = require(tx, id);
            requireFree(dao, before.projectId(), name, id);
            dao.update(id, name, description, color, tx.nowMillis());
            tx.change(new Change("label-changed", key(before), Json.object("name", name, "color", color), origin));
            return null;
        });
    }

    /** Takes it off everything, and away. @throws OciException {@code NOT_FOUND} */
    public void delete(long id, Change.Origin origin) {
        database.write(tx -> {
            Label label = require(tx, id);
            tx.dao(LabelDao.class).delete(id);
            tx.change(new Change("label-deleted", key(label), "{}", origin));
            return null;
        });
    }

    /**
     * Sticks a label to a manifest.
     *
     * @param artifact the manifest's name, for the change feed
     * @return false when it is there already
     */
    public boolean attach(Tx tx, Label label, long manifest, String artifact, Change.Origin origin) {
        boolean added = tx.dao(LabelDao.class).attach(manifest, label.id()) > 0;
        if (added) {
            tx.change(new Change("label-attached", artifact, Json.object("label", key(label)), origin));
        }
        return added;
    }

    /** Takes one off. @return false when it is not there */
    public boolean detach(Tx tx, Label label, long manifest, String artifact, Change.Origin origin) {
        boolean removed = tx.dao(LabelDao.class).detach(manifest, label.id()) > 0;
        if (removed) {
            tx.change(new Change("label-detached", artifact, Json.object("label", key(label)), origin));
        }
        return removed;
    }

    private static Label require(Tx tx, long id) {
        return tx.dao(LabelDao.class)
                .find(id)
                .orElseThrow(() -> new OciException(ErrorCode.NOT_FOUND, "label " + id + " not found"));
    }

    private static String key(Label label) {
        return label.project() == null ? label.name() : label.project() + "/" + label.name();
    }

    private static void requireFree(LabelDao dao, Long project, String name, long except) {
        if (dao.count(project == null ? 0 : project, name, except) > 0) {
            throw new OciException(ErrorCode.CONFLICT, "label " + name + " already exists");
        }
    }

    private static void requireForm(String name, String description, String color) {
        if (name.isBlank() || name.length() > MAX_NAME || description.length() > MAX_TEXT) {
            throw new OciException(
                    ErrorCode.BAD_REQUEST,
                    "a label has a name of at most " + MAX_NAME + " characters and a description of at most "
                            + MAX_TEXT);
        }
        if (!color.isEmpty() && !color.matches("#[0-9A-Fa-f]{3}(?:[0-9A-Fa-f]{3})?")) {
            throw new OciException(ErrorCode.BAD_REQUEST, "a label's color is #rgb or #rrggbb");
        }
    }
}
