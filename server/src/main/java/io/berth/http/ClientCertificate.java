package io.berth.http;

import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;

/**
 * A certificate that a client has presented. It is verified when it is first asked for, and again when a CA or a
 * revocation list was read anew or something of it has ended: a connection may live longer than what it was opened with.
 * Thread-safe.
 */
final class ClientCertificate {
    private static final long REFUSED_FOR = 5_000;

    // claim: null when the certificate is refused; until: milliseconds since 1970
    private record Checked(long generation, long until, CertificateClaim claim) {}

    private final ClientAuthorities authorities;
    private final List<X509Certificate> chain;
    private volatile Checked checked;

    /** @param chain the client's own first; empty for one that cannot be read */
    ClientCertificate(ClientAuthorities authorities, List<X509Certificate> chain) {
        this.authorities = authorities;
        this.chain = List.copyOf(chain);
    }

    /** What it says of its holder; empty when it does not count, or no longer. */
    Optional<CertificateClaim> claim() {
        Checked known = checked;
        long now = authorities.now();
        long generation = authorities.generation();
        if (known == null || known.generation() != generation || now >= known.until()) {
            known = check(generation, now);
            checked = known;
        }
        return Optional.ofNullable(known.claim());
    }

    private Checked check(long generation, long now) {
        try {
            ClientAuthorities.Verified verified = authorities.verify(chain);
            return new Checked(generation, verified.until(), verified.claim());
        } catch (CertificateException e) {
            return new Checked(generation, now + REFUSED_FOR, null);
        }
    }
}
