package io.berth.access;

import io.berth.oci.Digest;
import io.berth.oci.Reference;
import io.berth.oci.RepositoryName;
import io.berth.oci.Tag;

/** What a permission question is about. */
public sealed interface Target {
    /** The system as a whole. */
    Target SYSTEM = new OfSystem();

    static Target project(String name) {
        return new OfProject(name);
    }

    /** A repository, or a blob of it that is not yet there. */
    static Target repository(RepositoryName name) {
        return new OfRepository(name);
    }

    /** A tag, or a manifest or blob by its digest. */
    static Target content(RepositoryName repository, Reference reference) {
        return new OfContent(repository, reference);
    }

    /** What is said about a manifest: a referrer of it. */
    static Target subject(RepositoryName repository, Digest subject) {
        return new OfSubject(repository, subject);
    }

    /** The name of what it is about, {@code team/app:1.0}; empty for the system. */
    default String resource() {
        return switch (this) {
            case OfSystem() -> "";
            case OfProject(String name) -> name;
            case OfRepository(RepositoryName name) -> name.value();
            case OfContent(RepositoryName name, Tag tag) -> name.value() + ":" + tag.name();
            case OfContent(RepositoryName name, Digest digest) -> name.value() + "@" + digest;
            case OfSubject(RepositoryName name, Digest subject) -> name.value() + "@" + subject;
        };
    }

    /** The project that it is or is in; empty for the system. */
    default String inProject() {
        return switch (this) {
            case OfSystem() -> "";
            case OfProject(String name) -> name;
            case OfRepository(RepositoryName name) -> name.project();
            case OfContent(RepositoryName name, Reference unused) -> name.project();
            case OfSubject(RepositoryName name, Digest unused) -> name.project();
        };
    }

    record OfSystem() implements Target {}

    record OfProject(String name) implements Target {}

    record OfRepository(RepositoryName name) implements Target {}

    record OfContent(RepositoryName repository, Reference reference) implements Target {}

    record OfSubject(RepositoryName repository, Digest subject) implements Target {}
}
