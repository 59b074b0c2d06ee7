package io.berth.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ContentRangeTest {
    @ParameterizedTest
    @CsvSource({
        "0-9, 0, 9",
        "' 5-5 ', 5, 5",
        "bytes 0-9/10, 0, 9",
        "bytes 0-9/*, 0, 9",
        "bytes=0-9, 0, 9",
        "Bytes 3-4/5, 3, 4",
        "0-999999999999999998, 0, 999999999999999998"
    })
    void aRangeIsFirstAndLast(String header, long first, long last) {
        ContentRange range = ContentRange.parse(header);
        assertThat(range).isEqualTo(new ContentRange(first, last));
        assertThat(range.length()).isEqualTo(last - first + 1);
    }

    @Test
    void withoutAHeaderThereIsNoRange() {
        assertThat(ContentRange.parse(null)).isNull();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "-",
                "5",
                "5-",
                "-5",
                "9-0",
                "a-b",
                "0-9-10",
                "0--9",
                "bytes",
                "bytes */10",
                "items 0-9/10",
                "0x0-1",
                "+0-1",
                "0 - 9",
                "0-9999999999999999999",
                "٠-٩"
            })
    void whatIsNoRangeIsRefused(String header) {
        assertThatThrownBy(() -> ContentRange.parse(header))
                .isInstanceOfSatisfying(
                        OciException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.BLOB_UPLOAD_INVALID));
    }

    @Property
    void everyRangeIsReadBack(
            @ForAll @LongRange(max = 999_999_999_999L) long first, @ForAll @LongRange(max = 1_000_000) long more) {
        assertThat(ContentRange.parse(first + "-" + (first + more))).isEqualTo(new ContentRange(first, first + more));
    }

    @Property(tries = 1000)
    void noHeaderMakesParsingFailInAnotherWay(@ForAll String header) {
        try {
            ContentRange range = ContentRange.parse(header);
            assertThat(range.length()).isPositive();
        } catch (OciException e) {
            assertThat(e.code()).isEqualTo(ErrorCode.BLOB_UPLOAD_INVALID);
        }
    }
}
