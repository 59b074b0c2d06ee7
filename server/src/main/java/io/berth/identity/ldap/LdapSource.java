package io.berth.identity.ldap;

import com.unboundid.ldap.sdk.Attribute;
import com.unboundid.ldap.sdk.DN;
import com.unboundid.ldap.sdk.DereferencePolicy;
import com.unboundid.ldap.sdk.Entry;
import com.unboundid.ldap.sdk.Filter;
import com.unboundid.ldap.sdk.LDAPConnection;
import com.unboundid.ldap.sdk.LDAPException;
import com.unboundid.ldap.sdk.LDAPSearchException;
import com.unboundid.ldap.sdk.RDN;
import com.unboundid.ldap.sdk.ResultCode;
import com.unboundid.ldap.sdk.SearchRequest;
import com.unboundid.ldap.sdk.SearchResultEntry;
import com.unboundid.ldap.sdk.SearchScope;
import io.berth.identity.IdentityProvider;
import io.berth.identity.Source;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A directory. A login is a search for the name, by an account of Berth's own, and a bind with what was found and the
 * password. The name is data wherever it goes: it is escaped as RFC 4515 says, and a password is never empty, which a
 * directory would take for anonymous (RFC 4513, 5.1.2).
 *
 * <p>Thread-safe.
 */
public final class LdapSource implements Source, IdentityProvider {
    private static final Logger LOG = LoggerFactory.getLogger(LdapSource.class);

    // What a directory says when the password is wrong or its owner may not log in. All else is the directory's fault.
    private static final Set<ResultCode> REFUSALS = Set.of(
            ResultCode.INVALID_CREDENTIALS,
            ResultCode.INAPPROPRIATE_AUTHENTICATION,
            ResultCode.UNWILLING_TO_PERFORM,
            ResultCode.CONSTRAINT_VIOLATION,
            ResultCode.NO_SUCH_OBJECT,
            ResultCode.INSUFFICIENT_ACCESS_RIGHTS);
    private static final String AD_CONTROL = "userAccountControl";
    private static final int AD_DISABLED = 2;
    private static final String LOCKED = "pwdAccountLockedTime";
    private static final String LOCKED_FOR_EVER = "000001010000Z";
    private static final int MAX_FOUND = 100;

    private final String name;
    private final LdapSettings settings;
    private final LdapConnections connections;
    private final LdapGroups groups;

    LdapSource(String name, LdapSettings settings, Optional<String> password) {
        this.name = name;
        this.settings = settings;
        connections = new LdapConnections(settings, password);
        groups = new LdapGroups(settings);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Outcome authenticate(String user, String password) {
        if (password.isEmpty()) {
            return new Outcome.Refused();
        }
        if (user.isBlank() || user.chars().anyMatch(Character::isISOControl)) {
            return new Outcome.Unknown();
        }
        try {
            return connections.use(connection -> authenticate(connection, user, password));
        } catch (LDAPException e) {
            LOG.warn("{} cannot be asked for '{}': {}", name, shown(user), describe(e));
            return new Outcome.Unavailable("the directory cannot be asked");
        }
    }

    private Outcome authenticate(LDAPConnection connection, String user, String password) throws LDAPException {
        List<SearchResultEntry> found = search(connection, settings.named(user), 2);
        if (found.isEmpty()) {
            return new Outcome.Unknown();
        }
        if (found.size() > 1) {
            LOG.warn("{} knows more than one '{}', so nobody is let in by that name", name, shown(user));
            return new Outcome.Refused();
        }
        Entry person = found.getFirst();
        if (isDisabled(person) || !binds(connection, person.getDN(), password)) {
            return new Outcome.Refused();
        }
        return new Outcome.Verified(identity(connection, person));
    }

    private boolean binds(LDAPConnection connection, String dn, String password) throws LDAPException {
        try {
            connections.tryBind(connection, dn, password);
            return true;
        } catch (LDAPException e) {
            if (REFUSALS.contains(e.getResultCode())) {
                return false;
            }
            throw e;
        }
    }

    @Override
    public Standing standing(String subject) {
        try {
            return connections.use(connection -> {
                List<SearchResultEntry> found = settings.subject().isEmpty()
                        ? at(connection, subject)
                        : search(connection, Filter.createANDFilter(settings.anybody(), subjectIs(subject)), 2);
                return found.size() == 1 && !isDisabled(found.getFirst())
                        ? new Standing.Present(identity(connection, found.getFirst()))
                        : new Standing.Gone();
            });
        } catch (LDAPException e) {
            LOG.warn("{} cannot be asked who is still there: {}", name, describe(e));
            return new Standing.Untold();
        }
    }

    private List<SearchResultEntry> at(LDAPConnection connection, String dn) throws LDAPException {
        try {
            return search(connection, dn, SearchScope.BASE, settings.anybody(), 1);
        } catch (LDAPException e) {
            if (e.getResultCode().equals(ResultCode.NO_SUCH_OBJECT)) {
                return List.of();
            }
            throw e;
        }
    }

    private Filter subjectIs(String subject) throws LDAPException {
        return isBinary()
                ? Filter.createEqualityFilter(settings.subject(), HexFormat.of().parseHex(subject))
                : Filter.createEqualityFilter(settings.subject(), subject);
    }

    private List<SearchResultEntry> search(LDAPConnection connection, Filter filter, int limit) throws LDAPException {
        return search(connection, settings.baseDn(), settings.scope(), filter, limit);
    }

    private List<SearchResultEntry> search(
            LDAPConnection connection, String base, SearchScope scope, Filter filter, int limit) throws LDAPException {
        var wanted =
                new ArrayList<>(List.of(settings.uid(), settings.email(), settings.realName(), AD_CONTROL, LOCKED));
        settings.groups().memberOf().ifPresent(wanted::add);
        if (!settings.subject().isEmpty()) {
            wanted.add(settings.subject());
        }
        var request = new SearchRequest(
                base,
                scope,
                DereferencePolicy.NEVER,
                limit,
                (int) settings.timeout().toSeconds(),
                false,
                filter,
                wanted.toArray(String[]::new));
        try {
            return connection.search(request).getSearchEntries();
        } catch (LDAPSearchException e) {
            if (e.getResultCode().equals(ResultCode.SIZE_LIMIT_EXCEEDED)
                    && e.getSearchEntries().size() >= limit) {
                return e.getSearchEntries();
            }
            throw e;
        }
    }

    private Identity identity(LDAPConnection connection, Entry person) throws LDAPException {
        Optional<Set<Group>> found =
                settings.groups().told() ? Optional.of(groups.of(connection, person)) : Optional.empty();
        Optional<Boolean> administrator = settings.groups()
                .adminDn()
                .map(dn -> found.orElse(Set.of()).stream()
                        .anyMatch(group -> group.subject().equals(dn)));
        String realName = person.getAttributeValue(settings.realName());
        return new Identity(
                name,
                subject(person),
                nameOf(person),
                Optional.ofNullable(person.getAttributeValue(settings.email())),
                realName == null ? "" : realName,
                found,
                administrator);
    }

    private String nameOf(Entry person) throws LDAPException {
        String[] values = person.getAttributeValues(settings.uid());
        if (values == null || values.length == 0) {
            throw new LDAPException(
                    ResultCode.NO_SUCH_ATTRIBUTE, "the entry " + person.getDN() + " has no " + settings.uid());
        }
        if (values.length == 1) {
            return values[0];
        }
        // Of several names the one that the entry is called by.
        RDN rdn = new DN(person.getDN()).getRDN();
        for (String value : values) {
            if (rdn != null && rdn.hasAttributeValue(settings.uid(), value)) {
                return value;
            }
        }
        return values[0];
    }

    private String subject(Entry person) throws LDAPException {
        if (settings.subject().isEmpty()) {
            return DN.normalize(person.getDN());
        }
        Attribute attribute = person.getAttribute(settings.subject());
        if (attribute == null || !attribute.hasValue()) {
            throw new LDAPException(
                    ResultCode.NO_SUCH_ATTRIBUTE,
                    "the entry " + person.getDN() + " has no " + settings.subject()
                            + ", which is to tell who it is: set 'subject' to an attribute that it has");
        }
        return isBinary() ? HexFormat.of().formatHex(attribute.getValueByteArray()) : attribute.getValue();
    }

    private boolean isBinary() {
        return settings.subject().equalsIgnoreCase("objectGUID")
                || settings.subject().equalsIgnoreCase("objectSid");
    }

    private static boolean isDisabled(Entry person) {
        Integer control = person.getAttributeValueAsInteger(AD_CONTROL);
        return control != null && (control & AD_DISABLED) != 0 || person.hasAttributeValue(LOCKED, LOCKED_FOR_EVER);
    }

    /**
     * Whether it can be reached and searched, and its entries tell who they are, for whoever sets it up.
     *
     * @return what is wrong, empty when nothing is
     */
    public Optional<String> ping() {
        try {
            return connections.use(connection -> {
                for (SearchResultEntry person : search(connection, settings.anybody(), 1)) {
                    subject(person);
                }
                return Optional.empty();
            });
        } catch (LDAPException e) {
            return Optional.of(describe(e));
        }
    }

    /** Those whose name begins with {@code user}, at most 100, all when it is empty, without their groups. */
    public List<Identity> searchUsers(String user) {
        return asking(connection -> {
            Filter wanted = user.isEmpty()
                    ? settings.anybody()
                    : Filter.createANDFilter(settings.anybody(), Filter.createSubInitialFilter(settings.uid(), user));
            var found = new ArrayList<Identity>();
            for (Entry person : search(connection, wanted, MAX_FOUND)) {
                String realName = person.getAttributeValue(settings.realName());
                found.add(new Identity(
                        name,
                        subject(person),
                        nameOf(person),
                        Optional.ofNullable(person.getAttributeValue(settings.email())),
                        realName == null ? "" : realName,
                        Optional.empty(),
                        Optional.empty()));
            }
            return found;
        });
    }

    /** The one who is called {@code user}, with their groups, as a login would see them; empty for none or several. */
    public Optional<Identity> find(String user) {
        return asking(connection -> {
            List<SearchResultEntry> found = search(connection, settings.named(user), 2);
            return found.size() == 1 && !isDisabled(found.getFirst())
                    ? Optional.of(identity(connection, found.getFirst()))
                    : Optional.empty();
        });
    }

    /** Groups that have {@code part} in their name, or the one whose DN it is; at most 100. */
    public List<Group> searchGroups(String part) {
        return asking(connection -> {
            boolean byDn = part.contains("=") && DN.isValidDN(part);
            LdapSettings.Groups about = settings.groups();
            Filter kind = about.filter().isEmpty()
                    ? Filter.createPresenceFilter("objectClass")
                    : Filter.create(about.filter());
            Filter wanted = byDn || part.isEmpty()
                    ? kind
                    : Filter.createANDFilter(kind, Filter.createSubAnyFilter(about.name(), part));
            var request = new SearchRequest(
                    byDn ? part : about.baseDn().orElse(settings.baseDn()),
                    byDn ? SearchScope.BASE : about.scope(),
                    wanted,
                    about.name());
            request.setSizeLimit(MAX_FOUND);
            var found = new ArrayList<Group>();
            for (Entry group : entries(connection, request)) {
                found.add(new Group(DN.normalize(group.getDN()), group.getAttributeValue(about.name())));
            }
            return found;
        });
    }

    private List<SearchResultEntry> entries(LDAPConnection connection, SearchRequest request) throws LDAPException {
        try {
            return connection.search(request).getSearchEntries();
        } catch (LDAPSearchException e) {
            if (e.getResultCode().equals(ResultCode.NO_SUCH_OBJECT)) {
                return List.of();
            }
            if (e.getResultCode().equals(ResultCode.SIZE_LIMIT_EXCEEDED)) {
                return e.getSearchEntries();
            }
            throw e;
        }
    }

    /** The one form in which a group's DN is stored. @throws OciException {@code BAD_REQUEST} for what is no DN */
    public static String groupSubject(String dn) {
        return LdapSettings.normalized(dn);
    }

    private <T> T asking(LdapConnections.Use<T> question) {
        try {
            return connections.use(question);
        } catch (LDAPException e) {
            throw new OciException(ErrorCode.UNAVAILABLE, name + " cannot be asked: " + describe(e));
        }
    }

    // Never a DN's password; diagnostic messages of directories hold no more than that.
    private static String describe(LDAPException e) {
        return shown(e.getResultCode().getName() + ": " + e.getMessage());
    }

    private static String shown(String text) {
        String plain = text.replaceAll("\\p{Cntrl}", "?");
        return plain.length() > 300 ? plain.substring(0, 300) : plain;
    }

    @Override
    public void close() {
        connections.close();
    }
}
