package io.berth;

import static com.tngtech.archunit.core.domain.JavaModifier.FINAL;
import static com.tngtech.archunit.core.domain.JavaModifier.PUBLIC;
import static com.tngtech.archunit.core.domain.JavaModifier.STATIC;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noFields;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The arrows between packages, and a few habits. A new package gets its line here. */
class ArchitectureTest {
    private static final String ROOT = "io.berth";
    private static final Set<String> EVERYTHING = Set.of("*");

    /** What each package may use. The root package is {@code ""}. */
    private static final Map<String, Set<String>> ARROWS = Map.ofEntries(
            Map.entry("oci", Set.of()),
            Map.entry("config", Set.of("oci")),
            Map.entry("store", Set.of("oci", "config")),
            Map.entry("db", Set.of("oci", "config")),
            Map.entry("http", Set.of("oci", "config")),
            Map.entry("site", Set.of("db", "oci")),
            Map.entry("identity", Set.of("site", "db", "http", "oci")),
            Map.entry("access", Set.of("identity", "db", "http", "oci")),
            Map.entry("project", Set.of("access", "identity", "site", "db", "http", "config", "oci")),
            Map.entry("rbac", Set.of("project", "access", "identity", "site", "db", "http", "config", "oci")),
            Map.entry("token", Set.of("project", "access", "identity", "site", "db", "http", "oci")),
            Map.entry(
                    "registry",
                    Set.of("project", "access", "identity", "site", "store", "db", "http", "config", "oci")),
            Map.entry("audit", Set.of("site", "db", "http", "config", "oci")),
            Map.entry(
                    "harbor",
                    Set.of("registry", "project", "access", "identity", "site", "db", "http", "config", "oci")),
            Map.entry(
                    "api",
                    Set.of("audit", "rbac", "project", "access", "identity", "site", "db", "http", "config", "oci")),
            Map.entry("gc", Set.of("db", "store", "oci")),
            Map.entry("tracing", Set.of("http")),
            Map.entry("cli", EVERYTHING),
            Map.entry("", EVERYTHING));

    private static final JavaClasses MAIN = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages(ROOT);

    private static String packageOf(JavaClass type) {
        String name = type.getPackageName();
        if (name.equals(ROOT)) {
            return "";
        }
        String below = name.substring(ROOT.length() + 1);
        return below.contains(".") ? below.substring(0, below.indexOf('.')) : below;
    }

    private static boolean isOurs(JavaClass type) {
        return type.getPackageName().equals(ROOT) || type.getPackageName().startsWith(ROOT + ".");
    }

    static Stream<String> packages() {
        return ARROWS.keySet().stream().sorted();
    }

    @Test
    void everyPackageHasItsArrows() {
        Set<String> packages = MAIN.stream().map(ArchitectureTest::packageOf).collect(Collectors.toSet());
        assertThat(packages).isEqualTo(ARROWS.keySet());
    }

    @ParameterizedTest
    @MethodSource("packages")
    void aPackageUsesOnlyWhatItMay(String name) {
        Set<String> allowed = ARROWS.get(name);
        if (allowed == EVERYTHING) {
            return;
        }
        var forbidden = MAIN.stream()
                .filter(type -> packageOf(type).equals(name))
                .flatMap(type -> type.getDirectDependenciesFromSelf().stream())
                .filter(use -> isOurs(use.getTargetClass().getBaseComponentType()))
                .filter(use -> {
                    String target = packageOf(use.getTargetClass().getBaseComponentType());
                    return !target.equals(name) && !allowed.contains(target);
                })
                .map(use -> use.getDescription())
                .toList();
        assertThat(forbidden).as("forbidden uses by %s", name).isEmpty();
    }

    @Test
    void packagesFormNoCycles() {
        slices().matching(ROOT + ".(*)..").should().beFreeOfCycles().check(MAIN);
    }

    @Test
    void nobodyUsesTheLoggingOfTheJdk() {
        noClasses()
                .that()
                .resideOutsideOfPackage(ROOT + ".tracing") // it keeps the exporter's own complaints out of stderr
                .should()
                .dependOnClassesThat()
                .resideInAPackage("java.util.logging..")
                .check(MAIN);
    }

    @Test
    void onlyTheCommandLinePrints() {
        noClasses()
                .that(new DescribedPredicate<>("are neither commands nor in the root package") {
                    @Override
                    public boolean test(JavaClass type) {
                        return !Set.of("cli", "").contains(packageOf(type));
                    }
                })
                .should()
                .accessField(System.class, "out")
                .orShould()
                .accessField(System.class, "err")
                .orShould()
                .callMethod(Throwable.class, "printStackTrace")
                .check(MAIN);
    }

    @Test
    void namesSayWhatAClassIs() {
        noClasses()
                .should()
                .haveNameMatching(".*(Manager|Helper|Util|Utils|Impl)")
                .check(MAIN);
    }

    @Test
    void noPublicStateIsShared() {
        noFields()
                .that()
                .haveModifier(STATIC)
                .and()
                .haveModifier(PUBLIC)
                .should()
                .notBeFinal()
                .check(MAIN);
        noFields()
                .that()
                .haveModifier(STATIC)
                .and()
                .haveModifier(PUBLIC)
                .and()
                .haveModifier(FINAL)
                .should(beMutable())
                .check(MAIN);
    }

    private static ArchCondition<JavaField> beMutable() {
        return new ArchCondition<>("be an array or a collection") {
            @Override
            public void check(JavaField field, ConditionEvents events) {
                JavaClass type = field.getRawType();
                boolean mutable = type.isArray()
                        || type.isAssignableTo(java.util.Collection.class)
                        || type.isAssignableTo(java.util.Map.class);
                events.add(new SimpleConditionEvent(field, mutable, field.getFullName()));
            }
        };
    }

    // Time, ids and randomness are injected; nanoTime, which measures, is not the time.
    @Test
    void nobodyBelowTheCommandsAsksForTheTimeOrForRandomness() {
        ArchRuleDefinition.noClasses()
                .that()
                .resideOutsideOfPackages(ROOT + ".cli", ROOT)
                .should()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .callMethod(java.time.Instant.class, "now")
                .orShould()
                .callMethod(java.time.Clock.class, "systemUTC")
                .orShould()
                .callMethod(java.util.UUID.class, "randomUUID")
                .orShould()
                .dependOnClassesThat()
                .belongToAnyOf(java.security.SecureRandom.class, java.util.concurrent.ThreadLocalRandom.class)
                .check(MAIN);
    }

    @Test
    void noClassHasMoreThanFourHundredLines() throws IOException {
        try (Stream<Path> files = Files.walk(Path.of("src", "main", "java"))) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith(".java")).toList()) {
                assertThat(Files.readAllLines(file)).as(file.toString()).hasSizeLessThanOrEqualTo(400);
            }
        }
    }

    @Test
    void everyPackageSaysWhatLivesThere() {
        for (String name : ARROWS.keySet()) {
            assertThat(Path.of("src", "main", "java", "io", "berth", name, "package-info.java"))
                    .exists();
        }
    }
}
