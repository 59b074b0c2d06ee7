package io.berth.identity.ldap;

import com.unboundid.ldap.sdk.DN;
import com.unboundid.ldap.sdk.Entry;
import com.unboundid.ldap.sdk.Filter;
import com.unboundid.ldap.sdk.LDAPConnection;
import com.unboundid.ldap.sdk.LDAPException;
import com.unboundid.ldap.sdk.RDN;
import com.unboundid.ldap.sdk.SearchRequest;
import com.unboundid.ldap.sdk.SearchResultEntry;
import io.berth.identity.Source;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/** Finds somebody's groups in a directory. A group's subject is its DN in normal form. */
final class LdapGroups {
    // LDAP_MATCHING_RULE_IN_CHAIN of Active Directory
    private static final String IN_CHAIN = "1.2.840.113556.1.4.1941";
    private static final int MAX_DEPTH = 10;
    private static final int MAX_GROUPS = 1000;

    private final LdapSettings settings;

    LdapGroups(LdapSettings settings) {
        this.settings = settings;
    }

    private record Step(String dn, int depth) {}

    /** The groups of {@code person}, those that hold its groups included where that is configured. */
    Set<Source.Group> of(LDAPConnection connection, Entry person) throws LDAPException {
        Map<String, String> names = new LinkedHashMap<>();
        var toAsk = new ArrayDeque<Step>();
        add(names, toAsk, memberOf(person), 1);
        add(names, toAsk, holding(connection, person.getDN(), person.getAttributeValue(settings.uid())), 1);
        if (settings.groups().nested() == LdapSettings.Nested.WALK) {
            while (!toAsk.isEmpty()) {
                Step step = toAsk.remove();
                if (settings.groups().memberOf().isPresent()) {
                    Entry group = connection.getEntry(
                            step.dn(), settings.groups().memberOf().get());
                    add(names, toAsk, group == null ? Map.of() : memberOf(group), step.depth() + 1);
                }
                if (settings.groups().memberForm() == LdapSettings.MemberForm.DN) {
                    add(names, toAsk, holding(connection, step.dn(), null), step.depth() + 1);
                }
            }
        }
        Set<Source.Group> groups = new LinkedHashSet<>();
        names.forEach((dn, name) -> groups.add(new Source.Group(dn, name)));
        return groups;
    }

    private static void add(Map<String, String> names, ArrayDeque<Step> toAsk, Map<String, String> found, int depth) {
        found.forEach((dn, name) -> {
            if (names.size() < MAX_GROUPS && depth <= MAX_DEPTH && names.putIfAbsent(dn, name) == null) {
                toAsk.add(new Step(dn, depth));
            }
        });
    }

    private Map<String, String> memberOf(Entry entry) throws LDAPException {
        Map<String, String> found = new LinkedHashMap<>();
        if (settings.groups().memberOf().isPresent()) {
            String[] values =
                    entry.getAttributeValues(settings.groups().memberOf().get());
            for (String dn : values == null ? new String[0] : values) {
                found.put(DN.normalize(dn), firstValue(dn));
            }
        }
        return found;
    }

    private static String firstValue(String dn) throws LDAPException {
        RDN rdn = new DN(dn).getRDN();
        return rdn == null ? dn : rdn.getAttributeValues()[0];
    }

    // uid null: that of a group, which has none
    private Map<String, String> holding(LDAPConnection connection, String dn, String uid) throws LDAPException {
        Map<String, String> found = new LinkedHashMap<>();
        LdapSettings.Groups groups = settings.groups();
        if (groups.baseDn().isEmpty()) {
            return found;
        }
        boolean byDn = groups.memberForm() == LdapSettings.MemberForm.DN;
        Filter member = groups.nested() == LdapSettings.Nested.IN_CHAIN && byDn
                ? Filter.createExtensibleMatchFilter(groups.member(), IN_CHAIN, false, dn)
                : Filter.createEqualityFilter(groups.member(), byDn ? dn : uid);
        Filter filter =
                groups.filter().isEmpty() ? member : Filter.createANDFilter(Filter.create(groups.filter()), member);
        var request = new SearchRequest(groups.baseDn().get(), groups.scope(), filter, groups.name());
        request.setTimeLimitSeconds((int) settings.timeout().toSeconds());
        for (SearchResultEntry group : connection.search(request).getSearchEntries()) {
            String name = group.getAttributeValue(groups.name());
            found.put(DN.normalize(group.getDN()), name == null ? firstValue(group.getDN()) : name);
        }
        return found;
    }
}
