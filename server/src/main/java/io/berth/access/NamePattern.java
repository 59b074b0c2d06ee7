package io.berth.access;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;

/**
 * A pattern of repositories' or tags' names, which has to match the whole name.
 *
 * <p>A glob: {@code *} is anything but a slash, <code>**</code> anything, {@code ?} one character, <code>{a,b}</code> either. Or,
 * after {@code re:}, a regular expression of RE2, whose time is linear in the name whatever the pattern.
 *
 * <p>Immutable; thread-safe.
 */
public final class NamePattern {
    /** How long a pattern may be, in characters. */
    public static final int MAX_LENGTH = 256;

    private static final String REGULAR_EXPRESSION = "re:";

    private final String text;
    private final Pattern pattern;

    private NamePattern(String text, Pattern pattern) {
        this.text = text;
        this.pattern = pattern;
    }

    /**
     * Reads one. Null, empty and <code>**</code> match everything, and give null.
     *
     * @throws OciException {@code BAD_REQUEST} when it is none
     */
    public static NamePattern parse(String text) {
        if (text == null || text.isEmpty() || text.equals("**")) {
            return null;
        }
        if (text.length() > MAX_LENGTH) {
            throw new OciException(ErrorCode.BAD_REQUEST, "a pattern has at most " + MAX_LENGTH + " characters");
        }
        try {
            String expression = text.startsWith(REGULAR_EXPRESSION)
                    ? text.substring(REGULAR_EXPRESSION.length())
                    : expression(text);
            return new NamePattern(text, Pattern.compile(expression));
        } catch (PatternSyntaxException e) {
            throw new OciException(ErrorCode.BAD_REQUEST, "'" + text + "' is no pattern: " + e.getDescription());
        }
    }

    private static String expression(String glob) {
        var expression = new StringBuilder();
        int depth = 0;
        for (int i = 0; i < glob.length(); i++) {
            char c = glob.charAt(i);
            switch (c) {
                case '*' -> {
                    boolean deep = i + 1 < glob.length() && glob.charAt(i + 1) == '*';
                    expression.append(deep ? ".*" : "[^/]*");
                    i += deep ? 1 : 0;
                }
                case '?' -> expression.append("[^/]");
                case '{' -> {
                    depth++;
                    expression.append("(?:");
                }
                case '}' -> {
                    depth--;
                    expression.append(')');
                }
                case ',' -> expression.append(depth > 0 ? "|" : ",");
                default -> expression.append(Pattern.quote(String.valueOf(c)));
            }
            if (depth < 0) {
                break;
            }
        }
        if (depth != 0) {
            throw new OciException(ErrorCode.BAD_REQUEST, "'" + glob + "' is no pattern: braces do not match");
        }
        return expression.toString();
    }

    public boolean matches(String name) {
        return pattern.matches(name);
    }

    @Override
    public String toString() {
        return text;
    }
}
