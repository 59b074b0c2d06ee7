package io.berth.oci;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ErrorCodeTest {
    // https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes, with the statuses of its
    // text
    private static final Map<String, Integer> SPECIFICATION = Map.ofEntries(
            Map.entry("BLOB_UNKNOWN", 404),
            Map.entry("BLOB_UPLOAD_INVALID", 400),
            Map.entry("BLOB_UPLOAD_UNKNOWN", 404),
            Map.entry("DIGEST_INVALID", 400),
            Map.entry("MANIFEST_BLOB_UNKNOWN", 404),
            Map.entry("MANIFEST_INVALID", 400),
            Map.entry("MANIFEST_UNKNOWN", 404),
            Map.entry("NAME_INVALID", 400),
            Map.entry("NAME_UNKNOWN", 404),
            Map.entry("SIZE_INVALID", 400),
            Map.entry("UNAUTHORIZED", 401),
            Map.entry("DENIED", 403),
            Map.entry("UNSUPPORTED", 405));

    @Test
    void theCatalogueHasEveryCodeOfTheSpecificationWithItsStatus() {
        SPECIFICATION.forEach((name, status) ->
                assertThat(ErrorCode.valueOf(name).status()).as(name).isEqualTo(status));
        assertThat(ErrorCode.TOO_MANY_REQUESTS.status()).isEqualTo(429);
        assertThat(ErrorCode.TOO_LARGE.status()).isEqualTo(413);
        assertThat(ErrorCode.RANGE_INVALID.status()).isEqualTo(416);
        assertThat(ErrorCode.PRECONDITION_FAILED.status()).isEqualTo(412);
    }

    @ParameterizedTest
    @EnumSource
    void aCodeIsUpperCaseAndItsSentenceCanBePrinted(ErrorCode code) {
        assertThat(code.name()).matches("[A-Z]+(_[A-Z]+)*");
        assertThat(code.status()).isBetween(400, 599);
        assertThat(code.sentence()).isNotBlank().doesNotEndWith(".").matches("\\p{ASCII}+");
    }

    @Test
    void anErrorCarriesItsOwnStatusHeadersAndDetail() {
        var error = new OciException(ErrorCode.DENIED, 405, "read-only")
                .header("Retry-After", "1")
                .detail("used", 5L);
        assertThat(error.code()).isEqualTo(ErrorCode.DENIED);
        assertThat(error.status()).isEqualTo(405);
        assertThat(error.headers()).containsExactly(Map.entry("Retry-After", "1"));
        assertThat(error.detail()).containsExactly(Map.entry("used", 5L));
        assertThat(error.getStackTrace()).isEmpty();
        assertThat(new OciException(ErrorCode.DENIED, "no").status()).isEqualTo(403);
    }
}
