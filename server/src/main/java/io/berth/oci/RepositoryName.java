package io.berth.oci;

import static java.util.Objects.requireNonNull;

/**
 * The name of a repository, {@code project/path...}. Its first segment is the project; a name of a single segment is an
 * alias of {@code library/<name>} and is canonical only in the longer form, which {@link #parse} returns.
 *
 * @see <a href="https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests">
 *     distribution-spec, Pulling manifests</a>
 */
public record RepositoryName(String value) implements Comparable<RepositoryName> {
    /** The project of names without one. */
    public static final String DEFAULT_PROJECT = "library";

    private static final int MAX_LENGTH = 255;

    public RepositoryName {
        requireNonNull(value, "value is null");
    }

    /**
     * The canonical name.
     *
     * @throws OciException {@code NAME_INVALID} when {@code text} does not follow the grammar or is longer than 255
     */
    public static RepositoryName parse(String text) {
        boolean bare = text.indexOf('/') < 0;
        String canonical = bare ? DEFAULT_PROJECT + "/" + text : text;
        if (text.isEmpty() || canonical.length() > MAX_LENGTH || !follows(text)) {
            throw new OciException(
                    ErrorCode.NAME_INVALID,
                    "a repository name is at most 255 characters long: lower-case letters and digits, separated by '.',"
                            + " '_', '__' or '-', in segments separated by '/'");
        }
        return new RepositoryName(canonical);
    }

    /** The first segment. */
    public String project() {
        return value.substring(0, value.indexOf('/'));
    }

    /** What follows the project. */
    public String inProject() {
        return value.substring(value.indexOf('/') + 1);
    }

    // [a-z0-9]+((\.|_|__|-+)[a-z0-9]+)* in segments separated by '/', without the cost of a regular expression
    private static boolean follows(String text) {
        boolean afterWord = false;
        int i = 0;
        while (i < text.length()) {
            char c = text.charAt(i);
            if (isWord(c)) {
                afterWord = true;
                i++;
                continue;
            }
            if (!afterWord) {
                return false;
            }
            int run = 1;
            while (i + run < text.length() && text.charAt(i + run) == c) {
                run++;
            }
            boolean separator = switch (c) {
                case '.', '/' -> run == 1;
                case '_' -> run <= 2;
                case '-' -> true;
                default -> false;
            };
            if (!separator) {
                return false;
            }
            afterWord = false;
            i += run;
        }
        return afterWord;
    }

    private static boolean isWord(char c) {
        return c >= 'a' && c <= 'z' || c >= '0' && c <= '9';
    }

    @Override
    public int compareTo(RepositoryName other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
