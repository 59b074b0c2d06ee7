package io.berth.cli;

/** The form of what a command prints; the names are what is typed. */
enum Output {
    text,
    json
}
