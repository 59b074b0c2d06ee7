package io.berth.identity.ldap;

import com.fasterxml.jackson.databind.JsonNode;
import io.berth.identity.SourceKind;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/** Directories. Their secret {@code password} is that of {@code bind-dn}. */
public final class LdapKind implements SourceKind {
    /** As settings call it. */
    public static final String NAME = "LDAP";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public boolean takesPasswords() {
        return true;
    }

    @Override
    public Set<String> secrets() {
        return Set.of("password");
    }

    @Override
    public void check(JsonNode settings) {
        LdapSettings.parse(settings);
    }

    @Override
    public String anchor(JsonNode settings) {
        return LdapSettings.parse(settings).subject().toLowerCase(Locale.ROOT);
    }

    @Override
    public LdapSource open(String name, JsonNode settings, Function<String, Optional<String>> secret) {
        return new LdapSource(name, LdapSettings.parse(settings), secret.apply("password"));
    }
}
