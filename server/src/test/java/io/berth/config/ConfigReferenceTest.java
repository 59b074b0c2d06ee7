package io.berth.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class ConfigReferenceTest {
    /** Maven runs tests in the module's directory. */
    private static final Path PAGE = Path.of("..", "docs", "configuration.md");

    @Test
    void theDocumentationHasEverySettingAsTheProgramPrintsIt() throws Exception {
        String page = Files.readString(PAGE);
        assertThat(page.substring(page.indexOf("| key |")))
                .as("%s is out of date: replace its table by the output of `./berth config reference`", PAGE)
                .isEqualTo(ConfigLoader.reference());
    }

    @Test
    void theChineseDocumentationHasEverySettingToo() throws Exception {
        String page = Files.readString(Path.of("..", "docs", "zh", "configuration.md"));
        for (Key<?> key : Keys.all()) {
            assertThat(page).containsOnlyOnce("| `" + key.path() + "` | `" + key.variable() + "` |");
        }
    }

    @Test
    void theReferenceNamesEverySettingOnceAndShowsNoBar() {
        for (Key<?> key : Keys.all()) {
            assertThat(ConfigLoader.reference())
                    .containsOnlyOnce("| `" + key.path() + "` | `" + key.variable() + "` |");
            assertThat(key.form() + key.description()).doesNotContain("|").doesNotContain("\n");
        }
    }
}
