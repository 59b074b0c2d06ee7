package io.berth.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/** Reads the list of client CAs. What is wrong with one is said in words, since the list is too much to show. */
final class AuthorityForm {
    private static final Set<String> NAMES = Set.of("name", "ca", "crl", "user", "pattern", "trust-domain", "accounts");
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,64}");
    // https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md#21-trust-domain
    private static final Pattern TRUST_DOMAIN = Pattern.compile("[a-z0-9._-]{1,255}");

    private AuthorityForm() {}

    /** Thrown with what is wrong and what to do. */
    static final class Wrong extends IllegalArgumentException {
        Wrong(String message) {
            super(message);
        }
    }

    static List<ClientCertificates.Authority> parse(String text) {
        if (text.isBlank()) {
            return List.of();
        }
        Object value;
        try {
            value = YamlText.read(text, "the list");
        } catch (IllegalArgumentException e) {
            throw new Wrong(e.getMessage());
        }
        if (!(value instanceof List<?> list)) {
            throw new Wrong("it is not a list. Write one with `name`, `ca` and `user` for each CA.");
        }
        var authorities = new ArrayList<ClientCertificates.Authority>();
        list.forEach(one -> authorities.add(authority(one)));
        requireDifferent(authorities);
        return List.copyOf(authorities);
    }

    private static ClientCertificates.Authority authority(Object value) {
        if (!(value instanceof Map<?, ?> map)) {
            throw new Wrong("each CA is a mapping. Write `name`, `ca` and `user` for it.");
        }
        for (Object key : map.keySet()) {
            if (!NAMES.contains(String.valueOf(key))) {
                throw new Wrong("there is no '" + key + "' in a CA. Use " + String.join(", ", sorted()) + ".");
            }
        }
        String name = text(map, "name", "");
        if (!NAME.matcher(name).matches()) {
            throw new Wrong(
                    "the name '" + name + "' is not 1 to 64 letters, digits, dots or dashes. Write such a `name`.");
        }
        String ca = text(map, "ca", "");
        if (ca.isEmpty()) {
            throw new Wrong("the CA '" + name + "' has no certificate. Give a PEM file as its `ca`.");
        }
        ClientCertificates.Names user = user(name, text(map, "user", ""));
        String domain = text(map, "trust-domain", "");
        Map<String, String> accounts = accounts(name, map.get("accounts"));
        if (user == ClientCertificates.Names.SPIFFE) {
            requireSpiffe(name, domain, accounts, map.containsKey("pattern"));
        } else if (!domain.isEmpty()) {
            throw new Wrong(
                    "the CA '" + name + "' has a trust-domain without user: spiffe. Set that, or take it away.");
        }
        String pattern = text(map, "pattern", "*");
        if (pattern.indexOf('*') < 0 || pattern.indexOf('*') != pattern.lastIndexOf('*')) {
            throw new Wrong("the pattern '" + pattern + "' of the CA '" + name
                    + "' has not exactly one *. Write one where the account's name is, as in *@example.com.");
        }
        return new ClientCertificates.Authority(
                name, Path.of(ca), paths(name, map.get("crl")), user, pattern, domain, accounts);
    }

    private static void requireSpiffe(String name, String domain, Map<String, String> accounts, boolean pattern) {
        if (!TRUST_DOMAIN.matcher(domain).matches()) {
            throw new Wrong("the CA '" + name + "' has no valid trust-domain but '" + domain
                    + "'. Write the one that is this CA's alone, as in example.org.");
        }
        if (pattern) {
            throw new Wrong(
                    "the CA '" + name + "' has a pattern. SPIFFE IDs are mapped by `accounts` alone, take it away.");
        }
        for (String id : accounts.keySet()) {
            if (!id.startsWith("spiffe://" + domain + "/")) {
                throw new Wrong("'" + id + "' is not of the trust-domain '" + domain + "' of the CA '" + name
                        + "'. Map IDs of that domain alone.");
            }
        }
    }

    private static ClientCertificates.Names user(String name, String text) {
        try {
            return ClientCertificates.Names.valueOf(text.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw new Wrong("the user '" + text + "' of the CA '" + name
                    + "' is nothing that a certificate has. Write cn, dns, email, spiffe or nobody.");
        }
    }

    private static void requireDifferent(List<ClientCertificates.Authority> authorities) {
        var names = new HashSet<String>();
        var domains = new HashSet<String>();
        for (var authority : authorities) {
            if (!names.add(authority.name())) {
                throw new Wrong("the name '" + authority.name() + "' is there twice. Give each CA its own.");
            }
            if (!authority.trustDomain().isEmpty() && !domains.add(authority.trustDomain())) {
                throw new Wrong("the trust-domain '" + authority.trustDomain()
                        + "' is bound to two CAs. Bind it to one, whose file may have several certificates.");
            }
        }
    }

    private static Map<String, String> accounts(String name, Object value) {
        if (value == null) {
            return Map.of();
        }
        if (!(value instanceof Map<?, ?> map)) {
            throw new Wrong("`accounts` of the CA '" + name
                    + "' is not a mapping. Write what a certificate says: the account.");
        }
        var accounts = new LinkedHashMap<String, String>();
        map.forEach((key, account) -> {
            if (account == null || account instanceof Map || account instanceof List) {
                throw new Wrong("'" + key + "' in `accounts` of the CA '" + name + "' names no account. Write one.");
            }
            accounts.put(String.valueOf(key), String.valueOf(account));
        });
        return accounts;
    }

    private static List<Path> paths(String name, Object value) {
        if (value == null) {
            return List.of();
        }
        if (value instanceof Map) {
            throw new Wrong("`crl` of the CA '" + name + "' is a mapping. Write a file or a list of files.");
        }
        List<?> all = value instanceof List<?> list ? list : List.of(value);
        return all.stream().map(String::valueOf).map(Path::of).toList();
    }

    private static String text(Map<?, ?> map, String key, String fallback) {
        Object value = map.get(key);
        if (value instanceof Map || value instanceof List) {
            throw new Wrong("`" + key + "` of a CA is a single value. Write one.");
        }
        return value == null ? fallback : String.valueOf(value).strip();
    }

    private static List<String> sorted() {
        return NAMES.stream().sorted().toList();
    }
}
