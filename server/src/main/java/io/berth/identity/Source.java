package io.berth.identity;

import java.util.Optional;
import java.util.Set;

/**
 * A place where people are known by name and password: the local accounts, a directory. Sources are asked in a
 * configured order; the first that knows the name decides, so that a password never travels further.
 *
 * <p>Thread-safe. May block, within a timeout of its own.
 */
public interface Source {

    /** Its name, which accounts carry: {@code local}, or what the configuration calls it. */
    String name();

    /** Whether this is {@code name}'s {@code password}, which is not empty. */
    Outcome authenticate(String name, String password);

    /** What a source says. */
    sealed interface Outcome {
        /** It does not know the name; the next source is asked. */
        record Unknown() implements Outcome {}

        /** It knows the name, and the password is wrong or the account may not log in. */
        record Refused() implements Outcome {}

        /** It cannot tell now. Nobody else is asked, and the credential counts neither as right nor as wrong. */
        record Unavailable(String why) implements Outcome {}

        /** It is the password. */
        record Verified(Identity identity) implements Outcome {}
    }

    /**
     * A person as a source knows them. ({@code source}, {@code subject}) is who they are, for ever; everything else may
     * change with each login.
     *
     * @param subject what never changes: an entryUUID or objectGUID, the claim {@code sub}
     * @param name the name to use here, when nobody else has it
     * @param email may be empty
     * @param groups by their subject in this source; empty optional when the source does not tell groups
     * @param administrator whether the source's administrators' group holds them; empty when it has none
     */
    record Identity(
            String source,
            String subject,
            String name,
            Optional<String> email,
            String realName,
            Optional<Set<Group>> groups,
            Optional<Boolean> administrator) {}

    /** A group as a source knows it. */
    record Group(String subject, String name) {}
}
