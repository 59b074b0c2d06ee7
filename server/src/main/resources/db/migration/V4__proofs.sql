-- What somebody whose right to pull is limited to some tags has pushed, and so may refer to, until the lease on it ends.

CREATE TABLE push_proof (
    repository_id BIGINT NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    digest        TEXT   NOT NULL,
    principal     TEXT   NOT NULL,
    good_until    BIGINT NOT NULL,
    PRIMARY KEY (repository_id, digest, principal)
);
CREATE INDEX push_proof_end ON push_proof (good_until);
