package io.berth.identity;

import io.berth.http.Principal;
import java.util.OptionalLong;

/**
 * Whether those whom a source has let in once may still log in there, where nobody can ask it about everybody from time to
 * time ({@link SourceCheck}), but each use of what they hold can ask about them. Thread-safe.
 */
@FunctionalInterface
public interface Standings {
    /** Nobody is asked about anybody. */
    Standings UNASKED = who -> OptionalLong.of(Long.MAX_VALUE);

    /**
     * Until when {@code who} need not be asked about again, milliseconds since 1970; empty when their source does not let
     * them in any more, and what they hold has just ended. May block within a timeout of the source's own.
     *
     * @throws io.berth.oci.OciException {@code UNAVAILABLE} when the source has not been able to tell for too long
     */
    OptionalLong until(Principal who);
}
