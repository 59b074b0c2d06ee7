package io.berth.identity;

import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;

/** What a password has to be: 8 to 128 characters, with an upper-case letter, a lower-case letter and a digit. */
public final class PasswordPolicy {
    static final int MIN = 8;
    static final int MAX = 128;

    private PasswordPolicy() {}

    /** @throws OciException {@code BAD_REQUEST} when {@code password} is no good */
    public static void require(String password) {
        if (!isGood(password)) {
            throw new OciException(
                    ErrorCode.BAD_REQUEST,
                    "a password has 8 to 128 characters, with an upper-case letter, a lower-case letter and a digit");
        }
    }

    static boolean isGood(String password) {
        return password.length() >= MIN
                && password.length() <= MAX
                && password.chars().anyMatch(Character::isUpperCase)
                && password.chars().anyMatch(Character::isLowerCase)
                && password.chars().anyMatch(Character::isDigit);
    }
}
