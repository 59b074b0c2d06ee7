package io.berth.gc;

/**
 * One thing that a check came upon.
 *
 * @param text a line that names the thing and says what is wrong with it, or what was done
 */
public record Finding(Kind kind, String text) {

    /** How bad it is. */
    public enum Kind {
        /** Something that was promised is missing or wrong. */
        DAMAGE,
        /** Space or order is lost, but nothing that anybody can pull. */
        WARNING,
        /** A manifest names content that was never there, as sparse images do: no damage. */
        SPARSE,
        /** What a repair has done. */
        REPAIR
    }
}
