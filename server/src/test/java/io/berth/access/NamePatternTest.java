package io.berth.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NamePatternTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "dev-* | dev-1 | true",
                "dev-* | dev- | true",
                "dev-* | prod-dev-1 | false",
                "dev-* | dev-1/x | false",
                "v?.* | v1.2 | true",
                "v?.* | v12 | false",
                "app/** | app/a/b | true",
                "app/* | app/a/b | false",
                "{dev,test}-* | test-3 | true",
                "{dev,test}-* | prod-3 | false",
                "{dev,t{e,x}st}-1 | txst-1 | true",
                "a.b | axb | false",
                "a+b | aab | false",
                "a,b | a,b | true",
                "a.b | a.b | true",
                "* | a | true",
                "* | a/b | false",
                "*-rc | v1-rc | true",
                "*-rc | a/v1-rc | false",
                "a*a | aa | true",
                "a*a | a | false",
                "team/a*/x | team/ab/x | true",
                "team/a*/x | team/a/b/x | false",
                "team/a*/x | team/a/x | true",
                "re:v[0-9]+ | v12 | true",
                "re:v[0-9]+ | v12x | false",
                "re:v[0-9]+ | xv12 | false",
                "re:[ab] | ab | false"
            })
    void aPatternMatchesWholeNames(String pattern, String name, boolean matches) {
        assertThat(NamePattern.parse(pattern).matches(name)).isEqualTo(matches);
    }

    @Test
    void whatMatchesEverythingIsNoPattern() {
        assertThat(NamePattern.parse(null)).isNull();
        assertThat(NamePattern.parse("")).isNull();
        assertThat(NamePattern.parse("**")).isNull();
        assertThat(NamePattern.parse("*")).isNotNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"re:(", "re:a{2000}", "{a", "a}", "}a{", "re:(?=a)", "re:\\1"})
    void whatIsNoPatternIsRefused(String text) {
        assertThatThrownBy(() -> NamePattern.parse(text))
                .isInstanceOfSatisfying(
                        OciException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.BAD_REQUEST));
    }

    @Test
    void aLongPatternIsRefused() {
        assertThatThrownBy(() -> NamePattern.parse("a".repeat(257))).isInstanceOf(OciException.class);
        assertThat(NamePattern.parse("a".repeat(256)).matches("a".repeat(256))).isTrue();
    }

    @Test
    void noPatternExplodes() {
        var pattern = NamePattern.parse("re:(a|a|a*)*" + "(a*)*".repeat(20) + "b");
        org.assertj.core.api.Assertions.assertThat(timed(() -> pattern.matches("a".repeat(128))))
                .isLessThan(Duration.ofSeconds(2));
        var glob = NamePattern.parse("*a".repeat(100));
        assertThat(timed(() -> glob.matches("a".repeat(127) + "b"))).isLessThan(Duration.ofSeconds(2));
    }

    private static Duration timed(Runnable work) {
        long start = System.nanoTime();
        work.run();
        return Duration.ofNanos(System.nanoTime() - start);
    }
}
