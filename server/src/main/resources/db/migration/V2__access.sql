-- Tenants, identity, access and audit. The conventions are those of V1. Secrets that must be read back lie in
-- secret, encrypted; all others are kept as hashes only.

-- Who exists ---------------------------------------------------------------------------------------------------------

ALTER TABLE account ADD COLUMN email TEXT;
ALTER TABLE account ADD COLUMN real_name TEXT NOT NULL DEFAULT '';
ALTER TABLE account ADD COLUMN comment TEXT NOT NULL DEFAULT '';
ALTER TABLE account ADD COLUMN updated_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN last_login_at BIGINT;
-- Since when its source has not known it; null while it does, and for local accounts.
ALTER TABLE account ADD COLUMN gone_at BIGINT;
-- Names that differ in case alone would be taken for each other.
CREATE UNIQUE INDEX account_name_folded ON account (lower(name));
CREATE UNIQUE INDEX account_email ON account (lower(email)) WHERE email IS NOT NULL;

-- A group belongs to the source that tells of it; subject is its name there (a DN, a claim's value).
CREATE TABLE user_group (
    id         ${identity},
    source     TEXT   NOT NULL,
    subject    TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (source, subject)
);

-- Who was in which group when they last logged in.
CREATE TABLE account_group (
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    group_id   BIGINT NOT NULL REFERENCES user_group (id) ON DELETE CASCADE,
    PRIMARY KEY (account_id, group_id)
);
CREATE INDEX account_group_group ON account_group (group_id);

-- What an account may log in with beside its password. kind: PERSONAL (a token with scopes), CLI (the secret that a
-- user of an identity provider gives to command lines), REFRESH (issued by the token service).
CREATE TABLE access_token (
    id           ${identity},
    account_id   BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    kind         TEXT   NOT NULL,
    name         TEXT   NOT NULL,
    hash         TEXT   NOT NULL UNIQUE,
    scopes       TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT,
    last_used_at BIGINT
);
CREATE INDEX access_token_account ON access_token (account_id, kind);

-- A robot of a project, or of the system where project_id is null. name is without prefix and project.
CREATE TABLE robot (
    id            ${identity},
    project_id    BIGINT REFERENCES project (id),
    name          TEXT    NOT NULL,
    description   TEXT    NOT NULL DEFAULT '',
    secret_hash   TEXT    NOT NULL,
    disabled      BOOLEAN NOT NULL DEFAULT false,
    duration_days INTEGER NOT NULL,
    expires_at    BIGINT,
    created_by    TEXT    NOT NULL,
    created_at    BIGINT  NOT NULL,
    updated_at    BIGINT  NOT NULL,
    last_used_at  BIGINT
);
CREATE UNIQUE INDEX robot_of_project ON robot (project_id, name) WHERE project_id IS NOT NULL;
CREATE UNIQUE INDEX robot_of_system ON robot (name) WHERE project_id IS NULL;

-- Where else people are known: kind is LDAP or OIDC, settings are JSON. Asked in the order of position.
CREATE TABLE identity_source (
    name       TEXT    NOT NULL PRIMARY KEY,
    kind       TEXT    NOT NULL,
    position   INTEGER NOT NULL,
    enabled    BOOLEAN NOT NULL,
    settings   TEXT    NOT NULL,
    updated_at BIGINT  NOT NULL
);

-- Which tokens of a CI's own issuer act as which robot. claims is JSON: claim to the exact values allowed.
CREATE TABLE workload_rule (
    id           ${identity},
    name         TEXT    NOT NULL UNIQUE,
    issuer       TEXT    NOT NULL,
    settings     TEXT    NOT NULL,
    robot_id     BIGINT  NOT NULL REFERENCES robot (id) ON DELETE CASCADE,
    enabled      BOOLEAN NOT NULL,
    updated_at   BIGINT  NOT NULL
);
CREATE INDEX workload_rule_issuer ON workload_rule (issuer);

-- A browser's session, by the hash of its cookie. credential: the id of what was proved at its login, with which it ends.
CREATE TABLE session (
    hash       TEXT   NOT NULL PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    credential TEXT   NOT NULL,
    csrf       TEXT   NOT NULL,
    source     TEXT   NOT NULL,
    sid        TEXT,
    created_at BIGINT NOT NULL,
    used_at    BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX session_account ON session (account_id);
CREATE INDEX session_expires ON session (expires_at);

-- Encrypted under the master key named by key_id.
CREATE TABLE secret (
    name       TEXT     NOT NULL PRIMARY KEY,
    key_id     TEXT     NOT NULL,
    ciphertext ${bytes} NOT NULL,
    updated_at BIGINT   NOT NULL
);

-- Keys that tokens are signed with. The private half is the secret 'signing-key/<id>'.
CREATE TABLE signing_key (
    id         TEXT   NOT NULL PRIMARY KEY,
    algorithm  TEXT   NOT NULL,
    public_key TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    signs_from BIGINT NOT NULL,
    retires_at BIGINT
);

-- Who may do what ----------------------------------------------------------------------------------------------------

-- level: PROJECT or SYSTEM.
CREATE TABLE role (
    id          ${identity},
    name        TEXT    NOT NULL UNIQUE,
    level       TEXT    NOT NULL,
    description TEXT    NOT NULL DEFAULT '',
    created_at  BIGINT  NOT NULL
);

CREATE TABLE role_permission (
    role_id  BIGINT NOT NULL REFERENCES role (id) ON DELETE CASCADE,
    resource TEXT   NOT NULL,
    action   TEXT   NOT NULL,
    PRIMARY KEY (role_id, resource, action)
);

-- subject_kind: USER, GROUP or ROBOT. scope: SYSTEM, PROJECT (project_id), or PROJECTS (every one). role_id null: the
-- permissions are the grant's own. Patterns null: everything. A project's member is a grant of a role without patterns.
CREATE TABLE access_grant (
    id                 ${identity},
    subject_kind       TEXT   NOT NULL,
    subject_id         BIGINT NOT NULL,
    scope              TEXT   NOT NULL,
    project_id         BIGINT REFERENCES project (id),
    role_id            BIGINT REFERENCES role (id),
    repository_pattern TEXT,
    tag_pattern        TEXT,
    created_at         BIGINT NOT NULL
);
CREATE INDEX access_grant_subject ON access_grant (subject_kind, subject_id);
CREATE INDEX access_grant_project ON access_grant (project_id);
CREATE INDEX access_grant_role ON access_grant (role_id);

CREATE TABLE grant_permission (
    grant_id BIGINT NOT NULL REFERENCES access_grant (id) ON DELETE CASCADE,
    resource TEXT   NOT NULL,
    action   TEXT   NOT NULL,
    PRIMARY KEY (grant_id, resource, action)
);

-- Which repositories a grant with a repository pattern means, so that lists are filtered by the database.
CREATE TABLE grant_repository (
    repository_id BIGINT NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    grant_id      BIGINT NOT NULL REFERENCES access_grant (id) ON DELETE CASCADE,
    PRIMARY KEY (grant_id, repository_id)
);
CREATE INDEX grant_repository_repository ON grant_repository (repository_id);

-- Where a change came from, for the audit.
ALTER TABLE change ADD COLUMN client TEXT;

-- Projects -----------------------------------------------------------------------------------------------------------

ALTER TABLE project ADD COLUMN owner TEXT NOT NULL DEFAULT 'admin';
ALTER TABLE project ADD COLUMN updated_at BIGINT NOT NULL DEFAULT 0;

CREATE TABLE project_setting (
    project_id BIGINT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    name       TEXT   NOT NULL,
    value      TEXT   NOT NULL,
    PRIMARY KEY (project_id, name)
);

-- Repositories in the order of their names are projects in this order, each with its repositories.
ALTER TABLE project ADD COLUMN prefix TEXT ${in_byte_order} NOT NULL DEFAULT '';
UPDATE project SET prefix = name || '/';
CREATE INDEX project_prefix ON project (prefix);
CREATE INDEX repository_of_project ON repository (project_id, name);

ALTER TABLE repository ADD COLUMN description TEXT NOT NULL DEFAULT '';
ALTER TABLE repository ADD COLUMN updated_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE repository ADD COLUMN pulls BIGINT NOT NULL DEFAULT 0;
ALTER TABLE manifest ADD COLUMN pulled_at BIGINT;
ALTER TABLE tag ADD COLUMN pulled_at BIGINT;

-- A label of a project, or of all where project_id is null.
CREATE TABLE label (
    id          ${identity},
    project_id  BIGINT REFERENCES project (id) ON DELETE CASCADE,
    name        TEXT   NOT NULL,
    description TEXT   NOT NULL DEFAULT '',
    color       TEXT   NOT NULL DEFAULT '',
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL
);
CREATE UNIQUE INDEX label_of_project ON label (project_id, name) WHERE project_id IS NOT NULL;
CREATE UNIQUE INDEX label_of_all ON label (name) WHERE project_id IS NULL;

CREATE TABLE manifest_label (
    manifest_id BIGINT NOT NULL REFERENCES manifest (id) ON DELETE CASCADE,
    label_id    BIGINT NOT NULL REFERENCES label (id) ON DELETE CASCADE,
    PRIMARY KEY (manifest_id, label_id)
);
CREATE INDEX manifest_label_label ON manifest_label (label_id);

-- What happened ------------------------------------------------------------------------------------------------------

-- Filled from the change feed, and from a queue for what changes nothing (pulls, logins, refusals). Names and not ids, so
-- that it stays readable when what it speaks of is gone. change_seq: the entry of the change feed, once.
CREATE TABLE audit_entry (
    id            ${identity},
    at            BIGINT  NOT NULL,
    operation     TEXT    NOT NULL,
    resource_type TEXT    NOT NULL,
    resource      TEXT    NOT NULL,
    project       TEXT,
    actor         TEXT    NOT NULL,
    credential    TEXT,
    client        TEXT,
    success       BOOLEAN NOT NULL,
    rule          TEXT,
    request_id    TEXT,
    detail        TEXT    NOT NULL DEFAULT '{}',
    change_seq    BIGINT
);
CREATE INDEX audit_entry_at ON audit_entry (at);
CREATE INDEX audit_entry_project ON audit_entry (project, at);
CREATE INDEX audit_entry_actor ON audit_entry (actor, at);
CREATE INDEX audit_entry_operation ON audit_entry (operation, at);
CREATE UNIQUE INDEX audit_entry_change ON audit_entry (change_seq) WHERE change_seq IS NOT NULL;

-- Goes up with every change of who may do what; whoever remembers rights compares.
INSERT INTO setting (name, value) VALUES ('access-version', '1');
