package io.berth.db;

import java.util.ArrayList;
import java.util.List;

/**
 * SQL with {@code ?} in the place of {@code :name}.
 *
 * @param names the name of each question mark, in order
 */
record NamedSql(String text, List<String> names) {

    /** Text in quotes and casts ({@code ::}) stay as they are. */
    static NamedSql parse(String sql) {
        var text = new StringBuilder(sql.length());
        var names = new ArrayList<String>();
        int i = 0;
        while (i < sql.length()) {
            char c = sql.charAt(i);
            int end = i + 1;
            if (c == '\'' || c == '"') {
                int quote = sql.indexOf(c, end);
                end = quote < 0 ? sql.length() : quote + 1;
            } else if (c == ':' && end < sql.length() && sql.charAt(end) == ':') {
                end++;
            } else if (c == ':' && end < sql.length() && Character.isJavaIdentifierStart(sql.charAt(end))) {
                while (end < sql.length()
                        && (Character.isJavaIdentifierPart(sql.charAt(end)) || sql.charAt(end) == '.')) {
                    end++;
                }
                names.add(sql.substring(i + 1, end));
                text.append('?');
                i = end;
                continue;
            }
            text.append(sql, i, end);
            i = end;
        }
        return new NamedSql(text.toString(), List.copyOf(names));
    }
}
