package io.berth.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The script that finds a JDK, on a machine whose usual places are those of this test. */
class FindJavaTest {
    @TempDir
    Path machine;

    private Path script;

    private record Run(int code, String out, String err) {}

    @BeforeEach
    void move() throws IOException {
        String text = Files.readString(Path.of("../bin/find-java"));
        for (String place : new String[] {"/usr/lib/jvm", "/opt/", "/Library/"}) {
            assertThat(text).contains(" " + place);
            text = text.replace(" " + place, " " + machine + place);
        }
        script = Files.writeString(machine.resolve("find-java"), text);
    }

    private Path jdk(String place, String version) throws IOException {
        Path home = Files.createDirectories(machine.resolve(place));
        Files.createDirectories(home.resolve("bin"));
        Files.writeString(
                home.resolve("release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"" + version + "\"\nOS_NAME=\"Linux\"\n");
        Path compiler = Files.writeString(home.resolve("bin/javac"), "#!/bin/sh\n");
        assertThat(compiler.toFile().setExecutable(true)).isTrue();
        return home;
    }

    private Run find(Map<String, String> environment) throws Exception {
        Path out = machine.resolve("out");
        Path err = machine.resolve("err");
        var builder = new ProcessBuilder("/bin/sh", "-c", ". \"$1\"; echo \"$JAVA_HOME\"", "sh", script.toString())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.environment().clear();
        builder.environment()
                .putAll(Map.of("PATH", "", "HOME", machine.resolve("home").toString()));
        builder.environment().putAll(environment);
        Process process = builder.start();
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        return new Run(process.exitValue(), Files.readString(out).strip(), Files.readString(err));
    }

    @Test
    void withoutOneItSaysWhatToInstall() throws Exception {
        jdk("usr/lib/jvm/java-21", "21.0.4");
        for (Map<String, String> environment : java.util.List.of(
                Map.<String, String>of(),
                Map.of("JAVA_HOME", machine.resolve("usr/lib/jvm/java-21").toString()))) {
            Run run = find(environment);
            assertThat(run.code()).isEqualTo(1);
            assertThat(run.out()).isEmpty();
            assertThat(run.err())
                    .startsWith("berth: no JDK 25 was found")
                    .contains("temurin-25-jdk", "openjdk-25-jdk", "JAVA_HOME")
                    .doesNotContain("not found\n");
        }
    }

    @Test
    void oneInAUsualPlaceIsFound() throws Exception {
        jdk("usr/lib/jvm/java-21", "21.0.4");
        Path good = jdk("usr/lib/jvm/java-25", "25");
        assertThat(find(Map.of())).isEqualTo(new Run(0, good.toString(), ""));
    }

    @Test
    void theOneThatIsNamedComesFirst() throws Exception {
        jdk("usr/lib/jvm/java-25", "25.0.1");
        Path named = jdk("named", "26-ea");
        assertThat(find(Map.of("JAVA_HOME", named.toString()))).isEqualTo(new Run(0, named.toString(), ""));
    }
}
