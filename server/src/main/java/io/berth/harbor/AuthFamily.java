package io.berth.harbor;

import io.berth.harbor.AuthKey.Form;
import io.berth.identity.ldap.LdapKind;
import io.berth.identity.oidc.OidcKind;
import java.util.List;

/** The two kinds of identity sources that Harbor's configuration knows, one of each. */
enum AuthFamily {
    LDAP(
            LdapKind.NAME,
            "ldap_auth",
            "ldap",
            "password",
            "ldap_search_password",
            List.of("ldap_url", "ldap_base_dn"),
            List.of(
                    new AuthKey("ldap_url", "", "urls", "", Form.ADDRESS),
                    new AuthKey("ldap_search_dn", "", "bind-dn", "", Form.TEXT),
                    new AuthKey("ldap_base_dn", "", "base-dn", "", Form.TEXT),
                    new AuthKey("ldap_filter", "", "filter", "", Form.TEXT),
                    new AuthKey("ldap_uid", "cn", "uid", "uid", Form.TEXT),
                    new AuthKey("ldap_scope", 2L, "scope", 2L, Form.SCOPE),
                    new AuthKey("ldap_timeout", 5L, "timeout-seconds", 10L, Form.NUMBER),
                    new AuthKey("ldap_verify_cert", true, "verify", true, Form.FLAG),
                    new AuthKey("ldap_group_base_dn", "", "group-base-dn", "", Form.TEXT),
                    new AuthKey(
                            "ldap_group_search_filter",
                            "",
                            "group-filter",
                            "(objectClass=groupOfNames)",
                            Form.MAYBE_EMPTY),
                    new AuthKey("ldap_group_search_scope", 2L, "group-scope", 2L, Form.SCOPE),
                    new AuthKey("ldap_group_attribute_name", "", "group-name", "", Form.TEXT),
                    new AuthKey("ldap_group_admin_dn", "", "admin-group-dn", "", Form.TEXT),
                    new AuthKey("ldap_group_membership_attribute", "memberof", "member-of", "", Form.TEXT))),
    OIDC(
            OidcKind.NAME,
            "oidc_auth",
            "oidc",
            "client-secret",
            "oidc_client_secret",
            List.of("oidc_endpoint", "oidc_client_id"),
            List.of(
                    new AuthKey("oidc_name", "", "title", "", Form.TEXT),
                    new AuthKey("oidc_endpoint", "", "issuer", "", Form.TEXT),
                    new AuthKey("oidc_client_id", "", "client-id", "", Form.TEXT),
                    new AuthKey("oidc_groups_claim", "", "groups-claim", "", Form.TEXT),
                    new AuthKey("oidc_admin_group", "", "admin-group", "", Form.TEXT),
                    new AuthKey("oidc_group_filter", "", "group-filter", "", Form.TEXT),
                    new AuthKey("oidc_scope", "", "scopes", "openid,profile,email", Form.WORDS),
                    new AuthKey("oidc_user_claim", "", "user-claim", "", Form.TEXT),
                    new AuthKey("oidc_verify_cert", true, "verify", true, Form.FLAG),
                    new AuthKey("oidc_auto_onboard", false, "auto-onboard", true, Form.FLAG),
                    new AuthKey("oidc_extra_redirect_parms", "", "extra-parameters", "", Form.OBJECT)));

    private final String kind;
    private final String mode;
    private final String name;
    private final String secret;
    private final String secretKey;
    private final List<String> needed;
    private final List<AuthKey> keys;

    AuthFamily(
            String kind,
            String mode,
            String name,
            String secret,
            String secretKey,
            List<String> needed,
            List<AuthKey> keys) {
        this.kind = kind;
        this.mode = mode;
        this.name = name;
        this.secret = secret;
        this.secretKey = secretKey;
        this.needed = needed;
        this.keys = keys;
    }

    /** The kind of the identity source. */
    String kind() {
        return kind;
    }

    /** Harbor's {@code auth_mode} of it. */
    String mode() {
        return mode;
    }

    /** What a source is called that is made here. */
    String newName() {
        return name;
    }

    /** The source's secret. */
    String secret() {
        return secret;
    }

    /** Harbor's key of it, which is never shown. */
    String secretKey() {
        return secretKey;
    }

    /** The keys without which there is no source. */
    List<String> needed() {
        return needed;
    }

    List<AuthKey> keys() {
        return keys;
    }
}
