package io.berth.identity.ldap;

import com.fasterxml.jackson.databind.JsonNode;
import com.unboundid.ldap.sdk.DN;
import com.unboundid.ldap.sdk.Filter;
import com.unboundid.ldap.sdk.LDAPException;
import com.unboundid.ldap.sdk.LDAPURL;
import com.unboundid.ldap.sdk.SearchScope;
import io.berth.identity.SettingsReader;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * How a directory is reached and what its entries mean.
 *
 * @param ca PEM certificates to trust in place of the system's
 * @param verify whether the server's certificate is verified
 * @param filter of people, with {@code {0}} or {@code %s} where the name goes; without one, it is one more condition
 * @param uid the attribute that is the name
 * @param subject the attribute that never changes, empty for the DN
 * @param connections the most that this node has open at a time
 */
record LdapSettings(
        List<LDAPURL> urls,
        boolean startTls,
        Optional<String> ca,
        boolean verify,
        String bindDn,
        String baseDn,
        SearchScope scope,
        String filter,
        String uid,
        String subject,
        String email,
        String realName,
        Groups groups,
        Duration connectTimeout,
        Duration timeout,
        int connections) {

    /** How nested groups are found. */
    enum Nested {
        NONE,
        /** By asking for the groups of each group. */
        WALK,
        /** By the directory itself, as Active Directory can. */
        IN_CHAIN
    }

    /** What a group's member attribute holds. */
    enum MemberForm {
        DN,
        UID
    }

    /**
     * How somebody's groups are found: by an attribute of their entry, by a search, or both. Neither: the source tells no
     * groups.
     */
    record Groups(
            Optional<String> memberOf,
            Optional<String> baseDn,
            SearchScope scope,
            String filter,
            String member,
            MemberForm memberForm,
            String name,
            Nested nested,
            Optional<String> adminDn) {

        boolean told() {
            return memberOf.isPresent() || baseDn.isPresent();
        }
    }

    private enum Scope {
        BASE(SearchScope.BASE),
        ONE(SearchScope.ONE),
        SUB(SearchScope.SUB);

        private final SearchScope ldap;

        Scope(SearchScope ldap) {
            this.ldap = ldap;
        }
    }

    /** @throws OciException {@code BAD_REQUEST} for what cannot be */
    static LdapSettings parse(JsonNode json) {
        var settings = new SettingsReader(json);
        var parsed = new LdapSettings(
                urls(settings.texts("urls")),
                settings.flag("start-tls", false),
                settings.optional("ca"),
                settings.flag("verify", true),
                dn("bind-dn", settings.text("bind-dn", "")),
                dn("base-dn", settings.text("base-dn")),
                settings.oneOf("scope", Scope.SUB).ldap,
                filter("filter", settings.text("filter", "")),
                attribute("uid", settings.text("uid", "uid")),
                attribute("subject", settings.text("subject", "entryUUID")),
                attribute("email", settings.text("email", "mail")),
                attribute("real-name", settings.text("real-name", "cn")),
                new Groups(
                        settings.optional("member-of").map(name -> attribute("member-of", name)),
                        settings.optional("group-base-dn").map(dn -> dn("group-base-dn", dn)),
                        settings.oneOf("group-scope", Scope.SUB).ldap,
                        filter("group-filter", settings.text("group-filter", "(objectClass=groupOfNames)")),
                        attribute("group-member", settings.text("group-member", "member")),
                        settings.oneOf("group-member-form", MemberForm.DN),
                        attribute("group-name", settings.text("group-name", "cn")),
                        settings.oneOf("nested-groups", Nested.NONE),
                        settings.optional("admin-group-dn").map(LdapSettings::normalized)),
                Duration.ofSeconds(settings.number("connect-timeout-seconds", 5, 1, 60)),
                Duration.ofSeconds(settings.number("timeout-seconds", 10, 1, 120)),
                settings.number("connections", 8, 1, 100));
        settings.requireNoOther();
        parsed.requireSense();
        return parsed;
    }

    private void requireSense() {
        if (startTls && urls.stream().anyMatch(url -> url.getScheme().equals("ldaps"))) {
            throw wrong("start-tls goes with ldap:// only: ldaps:// is encrypted from its start");
        }
        if (groups.nested() == Nested.IN_CHAIN && groups.baseDn().isEmpty()) {
            throw wrong("nested-groups in-chain is a search, and needs group-base-dn");
        }
        if (groups.adminDn().isPresent() && !groups.told()) {
            throw wrong("admin-group-dn needs to know groups: set member-of or group-base-dn");
        }
        ca.ifPresent(pem -> LdapConnections.certificates(pem));
    }

    private static List<LDAPURL> urls(List<String> texts) {
        if (texts.isEmpty()) {
            throw wrong("the setting 'urls' is missing");
        }
        var urls = new ArrayList<LDAPURL>();
        for (String text : texts) {
            try {
                var url = new LDAPURL(text);
                if (!url.hostProvided() || url.getScheme().equals("ldapi")) {
                    throw wrong("'" + text + "' is not ldap://host:port or ldaps://host:port");
                }
                urls.add(url);
            } catch (LDAPException e) {
                throw wrong("'" + text + "' is not ldap://host:port or ldaps://host:port");
            }
        }
        return List.copyOf(urls);
    }

    private static String dn(String name, String dn) {
        if (!DN.isValidDN(dn)) {
            throw wrong("the setting '" + name + "' is not a DN");
        }
        return dn;
    }

    private static String attribute(String name, String attribute) {
        if (!attribute.matches("[A-Za-z][A-Za-z0-9;.-]{0,127}") && !(name.equals("subject") && attribute.isEmpty())) {
            throw wrong("the setting '" + name + "' is not the name of an attribute");
        }
        return attribute;
    }

    private static String filter(String name, String filter) {
        if (!filter.isEmpty()) {
            try {
                Filter.create(fill(filter, "x"));
            } catch (LDAPException e) {
                throw wrong("the setting '" + name + "' is not a filter of RFC 4515 in parentheses");
            }
        }
        return filter;
    }

    private static OciException wrong(String message) {
        return new OciException(ErrorCode.BAD_REQUEST, message);
    }

    private static String fill(String template, String encoded) {
        return template.replace("{0}", encoded).replace("%s", encoded);
    }

    private boolean filterNamesThem() {
        return filter.contains("{0}") || filter.contains("%s");
    }

    /** The filter of whoever is called {@code name}, which can be anything that somebody types. */
    Filter named(String name) throws LDAPException {
        return filterNamesThem()
                ? Filter.create(fill(filter, Filter.encodeValue(name)))
                : and(Filter.createEqualityFilter(uid, name));
    }

    /** The filter of everybody. */
    Filter anybody() throws LDAPException {
        return filterNamesThem() ? Filter.create(fill(filter, "*")) : and(Filter.createPresenceFilter(uid));
    }

    private Filter and(Filter condition) throws LDAPException {
        return filter.isEmpty() ? condition : Filter.createANDFilter(Filter.create(filter), condition);
    }

    /** A DN in the one form in which DNs are compared and stored; as it is, when it is none. */
    static String normalized(String dn) {
        try {
            return DN.normalize(dn);
        } catch (LDAPException e) {
            throw wrong("'" + dn + "' is not a DN");
        }
    }
}
