package io.berth.identity;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class PasswordHashTest {
    // 19 MiB, two passes and one lane: OWASP's Password Storage Cheat Sheet
    private static final String FORM = "\\$argon2id\\$v=19\\$m=19456,t=2,p=1\\$[A-Za-z0-9+/]{22}\\$[A-Za-z0-9+/]{43}";

    private final Random random = new Random(1);

    @Test
    void aPasswordIsKeptAsArgon2idWithASaltOfItsOwn() {
        String one = PasswordHash.of("correct horse", random);
        String other = PasswordHash.of("correct horse", random);
        assertThat(one).matches(FORM).isNotEqualTo(other);
        assertThat(other).matches(FORM);
        assertThat(PasswordHash.matches("correct horse", one)).isTrue();
        assertThat(PasswordHash.matches("correct horse", other)).isTrue();
        assertThat(PasswordHash.matches("correct horsf", one)).isFalse();
        assertThat(PasswordHash.matches("correct horse", one.replace("argon2id", "argon2i")))
                .isFalse();
        assertThat(PasswordHash.matches("correct horse", one.replace("t=2", "t=1")))
                .isFalse();
        assertThat(PasswordHash.ofNobody(random)).matches(FORM);
    }

    // Made by the reference implementation: argon2 -id -v 13 -m 8 -t 2 -p 1 -l 32, salt "somesalt", from its test.c
    @Test
    void theReferenceImplementationMakesTheSame() {
        assertThat(PasswordHash.matches(
                        "password",
                        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"))
                .isTrue();
    }
}
