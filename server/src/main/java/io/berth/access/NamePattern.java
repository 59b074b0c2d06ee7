package io.berth.access;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.util.function.Predicate;

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
    private final Predicate<String> names;

    private NamePattern(String text, Predicate<String> names) {
        this.text = text;
        this.names = names;
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
            if (text.startsWith(REGULAR_EXPRESSION)) {
                return new NamePattern(text, Pattern.compile(text.substring(REGULAR_EXPRESSION.length()))::matches);
            }
            Predicate<String> simple = simple(text);
            return new NamePattern(text, simple != null ? simple : Pattern.compile(expression(text))::matches);
        } catch (PatternSyntaxException e) {
            throw new OciException(ErrorCode.BAD_REQUEST, "'" + text + "' is no pattern: " + e.getDescription());
        }
    }

    // Names and prefixes are what most patterns are, and every request asks: they need no automaton. Else null.
    private static Predicate<String> simple(String glob) {
        int star = glob.indexOf('*');
        if (glob.indexOf('?') >= 0
                || glob.indexOf('{') >= 0
                || glob.indexOf('}') >= 0
                || glob.lastIndexOf('*') != star) {
            return null;
        }
        if (star < 0) {
            return glob::equals;
        }
        String start = glob.substring(0, star);
        String end = glob.substring(star + 1);
        return name -> name.length() >= start.length() + end.length()
                && name.startsWith(start)
                && name.endsWith(end)
                && name.indexOf('/', start.length(), name.length() - end.length()) < 0;
    }

    // As a regular expression
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
        return names.test(name);
    }

    @Override
    public String toString() {
        return text;
    }
}
