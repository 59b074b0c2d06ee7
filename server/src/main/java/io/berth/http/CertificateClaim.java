package io.berth.http;

import static java.util.Objects.requireNonNull;

import java.util.Optional;

/**
 * What a certificate that was verified says of its holder.
 *
 * @param authority what the configuration calls the CA
 * @param says the name in the certificate, for people; may be empty
 * @param account the account or robot to look for; empty when the certificate names nobody whom its CA may name
 * @param listed whether the configuration names the account, which alone reaches robots
 * @param silent whether the CA's certificates are to stand for nobody
 * @param fingerprint SHA-256 of the certificate in hex
 * @param notAfter when the certificate ends, milliseconds since 1970
 */
public record CertificateClaim(
        String authority,
        String says,
        Optional<String> account,
        boolean listed,
        boolean silent,
        String fingerprint,
        long notAfter) {
    public CertificateClaim {
        requireNonNull(authority, "authority is null");
        requireNonNull(says, "says is null");
        requireNonNull(account, "account is null");
        requireNonNull(fingerprint, "fingerprint is null");
    }
}
