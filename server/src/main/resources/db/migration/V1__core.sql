-- The registry's core. One text for SQLite and PostgreSQL: ${identity}, ${bytes} and ${in_byte_order} are their two words
-- for the same thing.
-- Times are milliseconds since 1970-01-01 UTC. Digests are text, sha256:<hex>.

CREATE TABLE setting (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

-- The change feed: each metadata transaction appends what it did. Payloads are self-contained JSON.
CREATE TABLE change (
    seq             ${identity},
    epoch           BIGINT  NOT NULL,
    tx_id           BIGINT  NOT NULL,
    kind            TEXT    NOT NULL,
    key             TEXT    NOT NULL,
    payload         TEXT    NOT NULL,
    payload_version INTEGER NOT NULL,
    actor           TEXT,
    credential      TEXT,
    request_id      TEXT,
    rule            TEXT,
    at              BIGINT  NOT NULL
);
CREATE INDEX change_at ON change (at);

-- How far each reader of the feed has come.
CREATE TABLE change_cursor (
    reader     TEXT   NOT NULL PRIMARY KEY,
    seq        BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE account (
    id            ${identity},
    source        TEXT    NOT NULL,
    subject       TEXT    NOT NULL,
    name          TEXT    NOT NULL UNIQUE,
    password_hash TEXT,
    administrator BOOLEAN NOT NULL,
    disabled      BOOLEAN NOT NULL,
    created_at    BIGINT  NOT NULL,
    UNIQUE (source, subject)
);

CREATE TABLE project (
    id          ${identity},
    name        TEXT    NOT NULL UNIQUE,
    public      BOOLEAN NOT NULL,
    quota_bytes BIGINT,
    used_bytes  BIGINT  NOT NULL DEFAULT 0,
    created_at  BIGINT  NOT NULL
);

-- listed: it has held a manifest, and so is in the catalog.
CREATE TABLE repository (
    id         ${identity},
    project_id BIGINT  NOT NULL REFERENCES project (id),
    name       TEXT    ${in_byte_order} NOT NULL UNIQUE,
    listed     BOOLEAN NOT NULL,
    created_at BIGINT  NOT NULL
);
CREATE INDEX repository_listed ON repository (name) WHERE listed;
CREATE INDEX repository_project ON repository (project_id);

-- Content by digest, whoever may see it. state: LIVE or CONDEMNED. (store, digest, generation) names the object, and
-- a generation is never used twice.
CREATE TABLE blob (
    digest      TEXT   NOT NULL PRIMARY KEY,
    generation  BIGINT NOT NULL,
    state       TEXT   NOT NULL,
    store       TEXT   NOT NULL,
    encoding    TEXT   NOT NULL,
    size        BIGINT NOT NULL,
    stored_size BIGINT NOT NULL,
    touched_at  BIGINT NOT NULL,
    created_at  BIGINT NOT NULL
);

-- The bytes of small blobs, whose blob.store is 'inline'.
CREATE TABLE blob_content (
    digest     TEXT   NOT NULL,
    generation BIGINT NOT NULL,
    content    ${bytes} NOT NULL,
    PRIMARY KEY (digest, generation)
);

-- Objects that no blob row names any more and that are still to be deleted.
CREATE TABLE doomed_object (
    store      TEXT    NOT NULL,
    digest     TEXT    NOT NULL,
    generation BIGINT  NOT NULL,
    doomed_at  BIGINT  NOT NULL,
    tries      INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (store, digest, generation)
);

-- What a repository may read. A link without a manifest that needs it lives until its lease ends.
CREATE TABLE repo_blob (
    repository_id BIGINT NOT NULL REFERENCES repository (id),
    digest        TEXT   NOT NULL REFERENCES blob (digest),
    leased_until  BIGINT NOT NULL,
    PRIMARY KEY (repository_id, digest)
);
CREATE INDEX repo_blob_digest ON repo_blob (digest);

-- What a project is charged for: each blob and manifest once, however many of its repositories hold it.
CREATE TABLE project_blob (
    project_id BIGINT  NOT NULL REFERENCES project (id),
    digest     TEXT    NOT NULL,
    size       BIGINT  NOT NULL,
    refs       INTEGER NOT NULL,
    PRIMARY KEY (project_id, digest)
);

-- The bytes of manifests, once for all repositories.
CREATE TABLE manifest_content (
    digest  TEXT    NOT NULL PRIMARY KEY,
    content ${bytes} NOT NULL
);

CREATE TABLE manifest (
    id            ${identity},
    repository_id BIGINT NOT NULL REFERENCES repository (id),
    digest        TEXT   NOT NULL REFERENCES manifest_content (digest),
    media_type    TEXT   NOT NULL,
    artifact_type TEXT,
    subject       TEXT,
    annotations   TEXT,
    size          BIGINT NOT NULL,
    leased_until  BIGINT NOT NULL,
    pushed_at     BIGINT NOT NULL,
    UNIQUE (repository_id, digest)
);
CREATE INDEX manifest_subject ON manifest (repository_id, subject, digest) WHERE subject IS NOT NULL;
CREATE INDEX manifest_digest ON manifest (digest);

-- What manifests name. kind: CONFIG, LAYER or MANIFEST. resolved: it was there when the manifest was pushed; what was not
-- gives no right, no charge and no lease.
CREATE TABLE manifest_reference (
    manifest_id   BIGINT  NOT NULL REFERENCES manifest (id),
    digest        TEXT    NOT NULL,
    repository_id BIGINT  NOT NULL,
    kind          TEXT    NOT NULL,
    size          BIGINT  NOT NULL,
    resolved      BOOLEAN NOT NULL,
    PRIMARY KEY (manifest_id, digest)
);
CREATE INDEX manifest_reference_digest ON manifest_reference (digest, repository_id);

CREATE TABLE tag (
    repository_id BIGINT NOT NULL REFERENCES repository (id),
    name          TEXT   ${in_byte_order} NOT NULL,
    manifest_id   BIGINT NOT NULL REFERENCES manifest (id),
    digest        TEXT   NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    PRIMARY KEY (repository_id, name)
);
CREATE INDEX tag_digest ON tag (repository_id, digest);
CREATE INDEX tag_manifest ON tag (manifest_id);

-- digest is null where the tag was deleted.
CREATE TABLE tag_history (
    id            ${identity},
    repository_id BIGINT NOT NULL REFERENCES repository (id),
    name          TEXT   NOT NULL,
    digest        TEXT,
    previous      TEXT,
    actor         TEXT,
    at            BIGINT NOT NULL
);
CREATE INDEX tag_history_name ON tag_history (repository_id, name, at);
CREATE INDEX tag_history_previous ON tag_history (repository_id, previous, at);

-- An upload belongs to a repository, which need not exist yet, and to a principal.
CREATE TABLE upload (
    id         TEXT   NOT NULL PRIMARY KEY,
    repository TEXT   NOT NULL,
    principal  TEXT   NOT NULL,
    algorithm  TEXT   NOT NULL,
    store      TEXT   NOT NULL,
    generation BIGINT NOT NULL,
    size       BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX upload_updated ON upload (updated_at);

-- What garbage collection looks at next. kind: BLOB, MANIFEST or UPLOAD.
CREATE TABLE review_queue (
    kind         TEXT    NOT NULL,
    key          TEXT    NOT NULL,
    review_after BIGINT  NOT NULL,
    tries        INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (kind, key)
);
CREATE INDEX review_queue_after ON review_queue (review_after);

INSERT INTO setting (name, value) VALUES ('epoch', '1');
