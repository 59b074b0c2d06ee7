package io.berth.cli;

/** Failures in words. */
final class Failures {
    private Failures() {}

    /** What a person is told: the message where there is one, never a stack trace. */
    static String describe(Throwable failure) {
        return failure.getMessage() == null ? failure.toString() : failure.getMessage();
    }
}
