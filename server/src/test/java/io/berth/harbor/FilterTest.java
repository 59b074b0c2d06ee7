package io.berth.harbor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code q} says, and what it cannot say. */
class FilterTest {
    private static Filter.Term term(String value) {
        return Filter.parse("k=" + value).get("k");
    }

    @Test
    void aValueIsExactOrFuzzy() {
        assertThat(term("v")).isEqualTo(new Filter.Term.Equal("v"));
        assertThat(term("'v'")).isEqualTo(new Filter.Term.Equal("'v'"));
        assertThat(term("~v")).isEqualTo(new Filter.Term.Contains("v"));
    }

    @Test
    void aRangeHasTwoEndsOrOne() {
        assertThat(term("[1~9]")).isEqualTo(new Filter.Term.Range("1", "9"));
        assertThat(term("[1~]")).isEqualTo(new Filter.Term.Range("1", null));
        assertThat(term("[~9]")).isEqualTo(new Filter.Term.Range(null, "9"));
        assertThat(term("[2020-01-01 00:00:00~2020-01-02 00:00:00]"))
                .isEqualTo(new Filter.Term.Range("2020-01-01 00:00:00", "2020-01-02 00:00:00"));
    }

    @Test
    void aListIsOfAnyOrOfAll() {
        assertThat(term("{a b}")).isEqualTo(new Filter.Term.AnyOf(List.of("a", "b")));
        assertThat(term("{'a'  'b'}")).isEqualTo(new Filter.Term.AnyOf(List.of("a", "b")));
        assertThat(term("(1 2)")).isEqualTo(new Filter.Term.AllOf(List.of("1", "2")));
    }

    @Test
    void conditionsAreSeparatedByCommasOutsideOfBrackets() {
        Filter filter = Filter.parse("a=1, b={x,y z},c=[1~2]");
        assertThat(filter.terms()).containsOnlyKeys("a", "b", "c");
        assertThat(filter.get("b")).isEqualTo(new Filter.Term.AnyOf(List.of("x,y", "z")));
        assertThat(Filter.parse("a%3D1%2Cb%3D2").terms()).containsOnlyKeys("a", "b");
        assertThat(Filter.parse("").terms()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "k",
                "k=",
                "=v",
                "k=~",
                "k=[1~2",
                "k=[1]",
                "k=[1~2~3]",
                "k={a b",
                "k={}",
                "k=()",
                "k=(1 2",
                "k=%zz"
            })
    void whatIsNoFilterIsRefused(String q) {
        assertThatThrownBy(() -> Filter.parse(q))
                .isInstanceOfSatisfying(
                        OciException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.BAD_REQUEST));
    }
}
