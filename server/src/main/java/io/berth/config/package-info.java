/**
 * The configuration: immutable records read from a YAML file and {@code BERTH_*} environment variables.
 *
 * <p>{@link io.berth.config.Keys} is the list of every key with its default, its form and its description; the reference
 * in the documentation is printed from it. A value that is wrong stops the start with a message that names the key, the
 * value and the remedy. Secret values are masked in every message.
 */
package io.berth.config;
