package io.berth.access;

/** What one may do with a repository. */
public enum Action {
    PULL,
    PUSH,
    DELETE
}
