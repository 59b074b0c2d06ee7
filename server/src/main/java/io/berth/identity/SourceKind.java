package io.berth.identity;

import com.fasterxml.jackson.databind.JsonNode;
import io.berth.oci.OciException;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/** A kind of sources: a directory, an identity provider. Thread-safe. */
public interface SourceKind {
    /** As settings call it, for example {@code LDAP}. */
    String name();

    /** Whether its sources take names and passwords. */
    boolean takesPasswords();

    /** Which secrets a source of it has. */
    Set<String> secrets();

    /** @throws OciException {@code BAD_REQUEST} for settings that cannot be */
    void check(JsonNode settings);

    /**
     * What makes its subjects mean what they mean. It cannot change while accounts carry them: another issuer's
     * {@code sub} is somebody else.
     */
    String anchor(JsonNode settings);

    /** Makes one ready for use, without contacting it. */
    IdentityProvider open(String name, JsonNode settings, Function<String, Optional<String>> secret);
}
