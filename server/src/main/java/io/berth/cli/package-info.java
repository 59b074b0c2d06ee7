/** The {@code berth} command line. */
package io.berth.cli;
