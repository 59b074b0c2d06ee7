-- Whose standing at an identity provider can be asked: their login has left a refresh token, which is the secret
-- 'grant/<account>'. The newest login's replaces the one before. confirmed_at: when the provider last let them in.

CREATE TABLE provider_grant (
    account_id   BIGINT NOT NULL PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
    confirmed_at BIGINT NOT NULL
);
