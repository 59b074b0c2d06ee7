/**
 * What administrators set while the server runs, as against {@code config}, which counts at the start. Values lie in the
 * database, are checked before they are stored, and count with the next request.
 */
package io.berth.site;
