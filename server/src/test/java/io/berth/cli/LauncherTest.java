package io.berth.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ./berth} with a build and a java that only say that they ran. */
class LauncherTest {
    @TempDir
    Path home;

    private Path source;
    private Path jar;

    @BeforeEach
    void lay() throws IOException {
        source = home.resolve("server/src/main/java/A.java");
        jar = home.resolve("server/target/berth.jar");
        for (Path directory : new Path[] {source.getParent(), home.resolve("bin"), home.resolve("jdk/bin")}) {
            Files.createDirectories(directory);
        }
        Files.copy(Path.of("../berth"), home.resolve("berth"));
        Files.writeString(home.resolve("bin/find-java"), "JAVA_HOME=" + home.resolve("jdk") + "\n");
        program("bin/build", "echo built; mkdir -p " + jar.getParent() + "; touch " + jar);
        program("jdk/bin/java", "echo ran \"$@\"");
        Files.writeString(source, "class A {}");
        Files.writeString(home.resolve("server/pom.xml"), "<project/>");
    }

    private void program(String name, String script) throws IOException {
        Path file = Files.writeString(home.resolve(name), "#!/bin/sh\n" + script + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private String run(String... environment) throws Exception {
        var builder = new ProcessBuilder("sh", home.resolve("berth").toString(), "serve").redirectErrorStream(true);
        builder.environment().remove("BERTH_NO_BUILD");
        for (String one : environment) {
            builder.environment().put(one, "1");
        }
        Process process = builder.start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
        assertThat(said).contains("ran ").endsWith("-jar " + jar + " serve\n");
        return said;
    }

    // Later than whatever a build wrote in between.
    private static void change(Path path) throws IOException {
        Files.setLastModifiedTime(path, FileTime.from(Instant.now().plusSeconds(60)));
    }

    private void built() throws IOException {
        Files.setLastModifiedTime(jar, FileTime.from(Instant.now().plusSeconds(120)));
    }

    @Test
    void itBuildsAtFirstAndThenWhenASourceHasChangedAlone() throws Exception {
        assertThat(run()).startsWith("built\n");
        built();
        assertThat(run()).doesNotContain("built");
        Files.setLastModifiedTime(jar, FileTime.from(Instant.now()));
        change(source);
        assertThat(run("BERTH_NO_BUILD")).doesNotContain("built");
        assertThat(run()).startsWith("built\n");
        built();
        assertThat(run()).doesNotContain("built");
    }

    @Test
    void aChangedPomAndADeletedSourceMakeTheBuildOldToo() throws Exception {
        for (Path changed : new Path[] {home.resolve("server/pom.xml"), source.getParent()}) {
            run();
            Files.setLastModifiedTime(jar, FileTime.from(Instant.now()));
            change(changed); // of a directory: something was added or deleted
            assertThat(run()).as(changed.toString()).startsWith("built\n");
            built();
            Files.setLastModifiedTime(changed, FileTime.from(Instant.now()));
        }
    }
}
