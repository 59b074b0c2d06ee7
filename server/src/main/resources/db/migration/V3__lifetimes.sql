-- Sessions as their owners see them, and the end of a credential that somebody was warned of: another end is warned of anew.

ALTER TABLE session ADD COLUMN client TEXT NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN agent TEXT NOT NULL DEFAULT '';

ALTER TABLE robot ADD COLUMN warned_end BIGINT;
ALTER TABLE access_token ADD COLUMN warned_end BIGINT;
CREATE INDEX robot_end ON robot (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX access_token_end ON access_token (expires_at) WHERE kind <> 'REFRESH';
