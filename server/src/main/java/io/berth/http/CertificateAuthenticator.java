package io.berth.http;

import java.util.Optional;

/** The port through which a verified certificate becomes a {@link Principal}. Thread-safe. */
public interface CertificateAuthenticator {
    /** Knows nobody. */
    CertificateAuthenticator NONE = new CertificateAuthenticator() {
        @Override
        public Optional<Principal> cached(CertificateClaim claim) {
            return Optional.empty();
        }

        @Override
        public Optional<Principal> authenticate(CertificateClaim claim, RequestSource source) {
            return Optional.empty();
        }
    };

    /** The principal of a claim that was looked up lately and still holds. Never blocks. */
    Optional<Principal> cached(CertificateClaim claim);

    /**
     * The principal of a claim, looked up now when necessary. May take long.
     *
     * @param source where the request comes from, for the audit
     * @return empty when the claim stands for nobody
     */
    Optional<Principal> authenticate(CertificateClaim claim, RequestSource source);
}
