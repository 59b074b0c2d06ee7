package io.berth.http;

import io.berth.config.ClientCertificates;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import javax.naming.InvalidNameException;
import javax.naming.NamingException;
import javax.naming.directory.Attribute;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import javax.security.auth.x500.X500Principal;

/** The names in a certificate, and which account they are by the rules of its CA. */
final class CertificateNames {
    // https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.6
    private static final int EMAIL = 1;
    private static final int DNS = 2;
    private static final int URI = 6;

    private CertificateNames() {}

    /** @param listed whether the configuration names it */
    record Account(String name, boolean listed) {}

    static List<String> read(X509Certificate certificate, ClientCertificates.Names kind) throws CertificateException {
        return switch (kind) {
            case CN -> commonNames(certificate.getSubjectX500Principal());
            case DNS -> alternatives(certificate, DNS);
            case EMAIL -> alternatives(certificate, EMAIL);
            case SPIFFE -> alternatives(certificate, URI);
            case NOBODY -> List.of();
        };
    }

    /** The one account that the names are; empty when there is none, or more than one. */
    static Optional<Account> account(ClientCertificates.Authority authority, List<String> names) {
        if (authority.user() == ClientCertificates.Names.SPIFFE) {
            // One URI, or it is no SVID: https://github.com/spiffe/spiffe/blob/main/standards/X509-SVID.md#2-spiffe-id
            boolean ours =
                    names.size() == 1 && names.getFirst().startsWith("spiffe://" + authority.trustDomain() + "/");
            return ours
                    ? Optional.ofNullable(authority.accounts().get(names.getFirst()))
                            .map(name -> new Account(name, true))
                    : Optional.empty();
        }
        Set<Account> found = new LinkedHashSet<>();
        for (String name : names) {
            String listed = authority.accounts().get(name);
            if (listed != null) {
                found.add(new Account(listed, true));
            } else {
                matched(authority.pattern(), name).ifPresent(account -> found.add(new Account(account, false)));
            }
        }
        return found.size() == 1 ? Optional.of(found.iterator().next()) : Optional.empty();
    }

    private static Optional<String> matched(String pattern, String name) {
        int star = pattern.indexOf('*');
        String before = pattern.substring(0, star);
        String after = pattern.substring(star + 1);
        int end = name.length() - after.length();
        boolean fits = end > before.length()
                && name.regionMatches(true, 0, before, 0, before.length())
                && name.regionMatches(true, end, after, 0, after.length());
        return fits ? Optional.of(name.substring(before.length(), end)) : Optional.empty();
    }

    private static List<String> commonNames(X500Principal subject) throws CertificateException {
        try {
            var names = new ArrayList<String>();
            for (Rdn rdn : new LdapName(subject.getName(X500Principal.RFC2253)).getRdns()) {
                Attribute cn = rdn.toAttributes().get("CN");
                for (int i = 0; cn != null && i < cn.size(); i++) {
                    // What is no text comes as bytes.
                    names.add(cn.get(i) instanceof String text ? text : "");
                }
            }
            return names;
        } catch (InvalidNameException e) {
            throw new CertificateException("the subject is no name", e);
        } catch (NamingException e) {
            throw new CertificateException(e);
        }
    }

    private static List<String> alternatives(X509Certificate certificate, int type) throws CertificateException {
        var all = certificate.getSubjectAlternativeNames();
        return all == null
                ? List.of()
                : all.stream()
                        .filter(name -> name.get(0).equals(type) && name.get(1) instanceof String)
                        .map(name -> (String) name.get(1))
                        .toList();
    }
}
