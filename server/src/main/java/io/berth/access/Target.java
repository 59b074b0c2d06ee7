package io.berth.access;

import io.berth.oci.Digest;
import io.berth.oci.Reference;
import io.berth.oci.RepositoryName;

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

    record OfSystem() implements Target {}

    record OfProject(String name) implements Target {}

    record OfRepository(RepositoryName name) implements Target {}

    record OfContent(RepositoryName repository, Reference reference) implements Target {}

    record OfSubject(RepositoryName repository, Digest subject) implements Target {}
}
