package io.berth.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ByteRangesTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "bytes=0-0 | 10 | 0 | 0",
                "bytes=0-9 | 10 | 0 | 9",
                "bytes=0- | 10 | 0 | 9",
                "bytes=9- | 10 | 9 | 9",
                "bytes=5-100 | 10 | 5 | 9",
                "bytes=-3 | 10 | 7 | 9",
                "bytes=-100 | 10 | 0 | 9",
                "BYTES=1-2 | 10 | 1 | 2",
                "bytes= 1-2 | 10 | 1 | 2",
                "bytes=0-99999999999999999999999 | 10 | 0 | 9",
                "bytes=-99999999999999999999999 | 10 | 0 | 9"
            })
    void oneRangeIsResolved(String header, long size, long first, long last) {
        ByteRanges ranges = ByteRanges.parse(header, size);
        assertThat(ranges.kind()).isEqualTo(ByteRanges.Kind.PARTIAL);
        assertThat(ranges.ranges()).containsExactly(new ByteRanges.Range(first, last - first + 1));
        assertThat(ranges.ranges().getFirst().last()).isEqualTo(last);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "bytes=10-",
                "bytes=10-20",
                "bytes=500-0",
                "bytes=5-4",
                "bytes=-0",
                "bytes=",
                "bytes=-",
                "bytes=a-b",
                "bytes=1",
                "bytes=1-2-3",
                "bytes=--1",
                "bytes=0x1-2",
                "bytes=+1-2",
                "bytes=1 - 2",
                "bytes=99999999999999999999-",
                "bytes=٠-١"
            })
    void whatCannotBeSatisfiedIsSaidSo(String header) {
        assertThat(ByteRanges.parse(header, 10).kind()).isEqualTo(ByteRanges.Kind.UNSATISFIABLE);
        assertThat(ByteRanges.parse(header, 10).ranges()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "items=0-1", "bytes", "bytes:0-1", "0-1"})
    void anotherUnitIsIgnored(String header) {
        assertThat(ByteRanges.parse(header, 10).kind()).isEqualTo(ByteRanges.Kind.WHOLE);
        assertThat(ByteRanges.parse(null, 10).kind()).isEqualTo(ByteRanges.Kind.WHOLE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"bytes=0-", "bytes=-1", "bytes=0-0"})
    void nothingHasNoRanges(String header) {
        assertThat(ByteRanges.parse(header, 0).kind()).isEqualTo(ByteRanges.Kind.UNSATISFIABLE);
    }

    @Test
    void severalRangesKeepTheirOrderAndThoseBeyondTheEndAreLeftOut() {
        assertThat(ByteRanges.parse("bytes=5-6, 0-0,100-, -1", 10).ranges())
                .containsExactly(new ByteRanges.Range(5, 2), new ByteRanges.Range(0, 1), new ByteRanges.Range(9, 1));
    }

    @Test
    void manyRangesGetEverything() {
        assertThat(ByteRanges.parse("bytes=" + "0-0,".repeat(15) + "0-0", 10).ranges())
                .hasSize(16);
        assertThat(ByteRanges.parse("bytes=" + "0-0,".repeat(16) + "0-0", 10).kind())
                .isEqualTo(ByteRanges.Kind.WHOLE);
    }

    @Provide
    Arbitrary<String> specs() {
        Arbitrary<Long> number = Arbitraries.longs().between(0, 30);
        return Arbitraries.oneOf(
                Combinators.combine(number, number).as((a, b) -> Math.min(a, b) + "-" + Math.max(a, b)),
                number.map(first -> first + "-"),
                number.map(length -> "-" + length));
    }

    @Property(tries = 2000)
    void rangesAreThoseBytesOfTheContentThatWereAskedFor(
            @ForAll @Size(min = 1, max = 5) List<@net.jqwik.api.From("specs") String> specs,
            @ForAll @LongRange(max = 20) long size) {
        List<List<Long>> expected = new ArrayList<>();
        for (String spec : specs) {
            var positions = new ArrayList<Long>();
            int dash = spec.indexOf('-');
            for (long at = 0; at < size; at++) {
                boolean wanted = dash == 0
                        ? size - at <= Long.parseLong(spec.substring(1))
                        : at >= Long.parseLong(spec.substring(0, dash))
                                && (dash == spec.length() - 1 || at <= Long.parseLong(spec.substring(dash + 1)));
                if (wanted) {
                    positions.add(at);
                }
            }
            if (!positions.isEmpty()) {
                expected.add(positions);
            }
        }
        ByteRanges ranges = ByteRanges.parse("bytes=" + String.join(",", specs), size);
        assertThat(ranges.kind())
                .isEqualTo(expected.isEmpty() ? ByteRanges.Kind.UNSATISFIABLE : ByteRanges.Kind.PARTIAL);
        assertThat(ranges.ranges().stream()
                        .map(range -> java.util.stream.LongStream.rangeClosed(range.first(), range.last())
                                .boxed()
                                .toList())
                        .toList())
                .isEqualTo(expected);
    }

    @Property(tries = 2000)
    void noHeaderGivesRangesOutsideTheContent(@ForAll String tail, @ForAll @LongRange(max = Long.MAX_VALUE) long size) {
        for (ByteRanges.Range range : ByteRanges.parse("bytes=" + tail, size).ranges()) {
            assertThat(range.first()).isNotNegative();
            assertThat(range.length()).isPositive();
            assertThat(range.last()).isBetween(range.first(), size - 1);
        }
    }
}
