package io.berth.config;

import static java.util.Objects.requireNonNull;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How clients show who they are by certificates.
 *
 * @param mode whether a client may or must present one over TLS
 * @param authorities whose certificates count; nobody is asked for one when empty
 * @param header in which a trusted proxy passes its client's certificate on, as URL-encoded PEM
 */
public record ClientCertificates(Mode mode, List<Authority> authorities, Optional<String> header) {
    /** Nobody is asked for a certificate. */
    public static final ClientCertificates NONE = new ClientCertificates(Mode.REQUEST, List.of(), Optional.empty());

    /** Whether a client may or must present a certificate. */
    public enum Mode {
        REQUEST,
        REQUIRE
    }

    /** What of a certificate names its holder. */
    public enum Names {
        /** The common name of the subject. */
        CN,
        /** The DNS name among the alternative names. */
        DNS,
        /** The e-mail address among the alternative names. */
        EMAIL,
        /** The SPIFFE ID, the URI among the alternative names. */
        SPIFFE,
        /** Nothing: the certificate opens the connection and stands for nobody. */
        NOBODY
    }

    /**
     * A CA and whom its certificates stand for.
     *
     * @param name what logs call it
     * @param ca PEM certificates, each of them trusted by itself
     * @param crls its revocation lists, and those of intermediates; when there are any, each certificate below the CA needs one
     * @param user what names the holder
     * @param pattern what the certificate's name looks like, where {@code *} stands for the account's name
     * @param trustDomain the SPIFFE trust domain that is this CA's alone, empty with every other {@code user}
     * @param accounts what certificates say, exactly, to the user or robot that it stands for; asked before the pattern
     */
    public record Authority(
            String name,
            Path ca,
            List<Path> crls,
            Names user,
            String pattern,
            String trustDomain,
            Map<String, String> accounts) {
        public Authority {
            requireNonNull(name, "name is null");
            requireNonNull(ca, "ca is null");
            crls = List.copyOf(crls);
            accounts = Map.copyOf(accounts);
        }
    }

    public ClientCertificates {
        requireNonNull(mode, "mode is null");
        authorities = List.copyOf(authorities);
        requireNonNull(header, "header is null");
    }
}
