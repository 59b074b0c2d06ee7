/** The composition root: {@link io.berth.Berth} wires every part of the server, and reads like a map of it. */
package io.berth;
