package io.berth.http;

import io.berth.config.ClientCertificates;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.CRLException;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertStore;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXParameters;
import java.security.cert.PKIXReason;
import java.security.cert.PKIXRevocationChecker;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Date;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The CAs whose certificates clients may present, with their revocation lists, as the files are now.
 *
 * <p>A CA with a revocation list that is unreadable or over lets nobody in until it has a good one. Nothing is asked over the
 * network: neither OCSP nor what a certificate says about where lists are. Thread-safe.
 */
final class ClientAuthorities {
    private static final Logger LOG = LoggerFactory.getLogger(ClientAuthorities.class);
    private static final int LONGEST_CHAIN = 8;
    // https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.12
    private static final Set<String> OF_CLIENTS = Set.of("1.3.6.1.5.5.7.3.2", "2.5.29.37.0");

    /** @param until when this has to be verified anew, milliseconds since 1970 */
    record Verified(CertificateClaim claim, long until) {}

    // problem: why nobody gets in, or null; end: when a list is over, milliseconds since 1970
    private record Authority(
            ClientCertificates.Authority config,
            Set<X509Certificate> certificates,
            List<X509CRL> crls,
            String problem,
            long end) {}

    private record State(long generation, List<byte[]> files, List<Authority> authorities) {}

    private final List<ClientCertificates.Authority> config;
    private final Clock clock;
    private final Set<String> complained = new HashSet<>();
    private volatile State state = new State(0, List.of(), List.of());

    ClientAuthorities(List<ClientCertificates.Authority> config, Clock clock) {
        this.config = config;
        this.clock = clock;
    }

    long now() {
        return clock.millis();
    }

    /** Rises whenever a file has changed. */
    long generation() {
        return state.generation();
    }

    /**
     * Reads the files; true when there are other CAs than the last time. New revocation lists count without more ado.
     *
     * @throws IOException when a CA cannot be read; what was read before stays in use
     */
    synchronized boolean reload() throws IOException {
        var files = new ArrayList<byte[]>();
        for (var authority : config) {
            files.add(Files.readAllBytes(authority.ca()));
            authority.crls().forEach(crl -> files.add(bytesOrNothing(crl)));
        }
        boolean same = files.size() == state.files().size();
        for (int i = 0; same && i < files.size(); i++) {
            same = Arrays.equals(files.get(i), state.files().get(i));
        }
        Set<X509Certificate> before = Set.of(issuers());
        if (!same) {
            var authorities = new ArrayList<Authority>();
            int next = 0;
            for (var authority : config) {
                byte[] ca = files.get(next++);
                List<byte[]> crls = files.subList(next, next + authority.crls().size());
                next += crls.size();
                authorities.add(read(authority, ca, crls));
            }
            requireDifferent(authorities);
            complained.clear();
            state = new State(state.generation() + 1, files, List.copyOf(authorities));
        }
        complain();
        return !before.equals(Set.of(issuers()));
    }

    private static byte[] bytesOrNothing(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            return new byte[0];
        }
    }

    private static Authority read(ClientCertificates.Authority config, byte[] ca, List<byte[]> lists)
            throws IOException {
        Set<X509Certificate> certificates;
        try {
            certificates = Set.copyOf(certificates(ca));
        } catch (CertificateException e) {
            certificates = Set.of();
        }
        if (certificates.isEmpty()) {
            throw new IOException("server.tls.client-authorities: " + config.ca() + " of the CA '" + config.name()
                    + "' has no certificate in it. Give a PEM file of the CA's certificates");
        }
        var crls = new ArrayList<X509CRL>();
        long end = Long.MAX_VALUE;
        for (int i = 0; i < lists.size(); i++) {
            Path file = config.crls().get(i);
            try {
                var all = CertificateFactory.getInstance("X.509").generateCRLs(new ByteArrayInputStream(lists.get(i)));
                if (all.isEmpty()) {
                    return new Authority(config, certificates, List.of(), file + " has no revocation list in it", 0);
                }
                for (var crl : all) {
                    X509CRL list = (X509CRL) crl;
                    crls.add(list);
                    // One without an end never has to be replaced, and is not believed.
                    end = Math.min(
                            end,
                            list.getNextUpdate() == null
                                    ? 0
                                    : list.getNextUpdate().getTime());
                }
            } catch (CRLException | CertificateException e) {
                return new Authority(config, certificates, List.of(), file + " is no revocation list", 0);
            }
        }
        return new Authority(config, certificates, List.copyOf(crls), null, end);
    }

    /** All certificates of PEM text or one of DER. */
    static List<X509Certificate> certificates(byte[] bytes) throws CertificateException {
        return CertificateFactory.getInstance("X.509").generateCertificates(new ByteArrayInputStream(bytes)).stream()
                .map(X509Certificate.class::cast)
                .toList();
    }

    private static void requireDifferent(List<Authority> authorities) throws IOException {
        var seen = new HashSet<X509Certificate>();
        for (Authority authority : authorities) {
            for (X509Certificate certificate : authority.certificates()) {
                if (!seen.add(certificate)) {
                    throw new IOException("server.tls.client-authorities: the certificate of "
                            + certificate.getSubjectX500Principal() + " is in the files of two CAs, the second is '"
                            + authority.config().name() + "'. Keep it in one");
                }
            }
        }
    }

    // Of each trouble once
    private void complain() {
        for (Authority authority : state.authorities()) {
            String problem = problem(authority, now());
            if (problem != null && complained.add(authority.config().name())) {
                LOG.error(
                        "certificates of the client CA '{}' are refused until this is mended: {}",
                        authority.config().name(),
                        problem);
            }
        }
    }

    private static String problem(Authority authority, long now) {
        return authority.problem() != null
                ? authority.problem()
                : now >= authority.end() ? "a revocation list is over (its next update was due)" : null;
    }

    /** All certificates of CAs, which clients choose theirs by. */
    X509Certificate[] issuers() {
        return state.authorities().stream()
                .flatMap(authority -> authority.certificates().stream())
                .toArray(X509Certificate[]::new);
    }

    /**
     * What a certificate says of its holder.
     *
     * @param chain the holder's own first
     * @throws CertificateException when it is nobody's whose word counts
     */
    Verified verify(List<X509Certificate> chain) throws CertificateException {
        if (chain.isEmpty() || chain.size() > LONGEST_CHAIN) {
            throw new CertificateException("the chain has " + chain.size() + " certificates");
        }
        requireClient(chain.getFirst());
        CertificateException refused = null;
        for (Authority authority : state.authorities()) {
            try {
                return verify(authority, chain);
            } catch (CertificateException e) {
                refused = refused == null || !isOfAnother(e) ? e : refused;
            }
        }
        throw refused == null ? new CertificateException("there is no client CA") : refused;
    }

    /** Whether a certificate was refused since none of these has signed it. */
    static boolean isOfAnother(CertificateException refusal) {
        return refusal.getCause() instanceof CertPathValidatorException path
                && path.getReason() == PKIXReason.NO_TRUST_ANCHOR;
    }

    private static void requireClient(X509Certificate certificate) throws CertificateException {
        List<String> uses = certificate.getExtendedKeyUsage();
        boolean[] usage = certificate.getKeyUsage();
        if (certificate.getBasicConstraints() >= 0
                || uses != null && uses.stream().noneMatch(OF_CLIENTS::contains)
                || usage != null && !usage[0]) {
            throw new CertificateException("the certificate is none of a client");
        }
    }

    private Verified verify(Authority authority, List<X509Certificate> chain) throws CertificateException {
        long now = now();
        List<X509Certificate> path = chain.stream()
                .takeWhile(certificate -> !authority.certificates().contains(certificate))
                .toList();
        if (path.isEmpty()) {
            throw new CertificateException("the certificate is a CA's own");
        }
        try {
            var parameters = new PKIXParameters(authority.certificates().stream()
                    .map(certificate -> new TrustAnchor(certificate, null))
                    .collect(Collectors.toSet()));
            parameters.setDate(new Date(now));
            parameters.setRevocationEnabled(false);
            var validator = CertPathValidator.getInstance("PKIX");
            if (!authority.config().crls().isEmpty()) {
                var checker = (PKIXRevocationChecker) validator.getRevocationChecker();
                checker.setOptions(
                        EnumSet.of(PKIXRevocationChecker.Option.PREFER_CRLS, PKIXRevocationChecker.Option.NO_FALLBACK));
                parameters.addCertPathChecker(checker);
                parameters.addCertStore(
                        CertStore.getInstance("Collection", new CollectionCertStoreParameters(authority.crls())));
            }
            validator.validate(CertificateFactory.getInstance("X.509").generateCertPath(path), parameters);
        } catch (GeneralSecurityException e) {
            throw new CertificateException("the certificate is refused: " + e.getMessage(), e);
        }
        String problem = problem(authority, now);
        if (problem != null) {
            throw new CertificateException("the CA's revocation list cannot be relied on: " + problem);
        }
        long until = authority.end();
        for (X509Certificate certificate : path) {
            until = Math.min(until, certificate.getNotAfter().getTime());
        }
        return new Verified(claim(authority.config(), path.getFirst()), until);
    }

    private static CertificateClaim claim(ClientCertificates.Authority authority, X509Certificate certificate)
            throws CertificateException {
        List<String> names = CertificateNames.read(certificate, authority.user());
        Optional<CertificateNames.Account> account = CertificateNames.account(authority, names);
        return new CertificateClaim(
                authority.name(),
                names.isEmpty() ? "" : names.getFirst(),
                account.map(CertificateNames.Account::name),
                account.map(CertificateNames.Account::listed).orElse(false),
                authority.user() == ClientCertificates.Names.NOBODY,
                fingerprint(certificate),
                certificate.getNotAfter().getTime());
    }

    private static String fingerprint(X509Certificate certificate) throws CertificateEncodingException {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded()));
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
