package io.berth.identity;

/** A configured place where people are known, in use. Thread-safe; may block within a timeout of its own. */
public interface IdentityProvider extends AutoCloseable {

    /** Its name, which accounts carry. */
    String name();

    /** Whether whom it has verified as {@code subject} before may still log in there. */
    Standing standing(String subject);

    @Override
    void close();

    /** What it says of somebody. */
    sealed interface Standing {
        /** They may log in, and are known so now. */
        record Present(Source.Identity identity) implements Standing {}

        /** They are not there any more, or may not log in. */
        record Gone() implements Standing {}

        /** It cannot tell: it is away, or nobody can ask it without the person. */
        record Untold() implements Standing {}
    }
}
