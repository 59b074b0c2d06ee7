/**
 * HTTP: the server, TLS, the request being answered, and what every answer has in common.
 *
 * <p>A request arrives on an event loop as an {@link io.berth.http.Exchange}. The {@link io.berth.http.Endpoint} that owns
 * its path may answer at once from memory; otherwise it is run on a virtual thread and reads top to bottom, blocking.
 * Exceptions become answers in one place ({@link io.berth.http.Errors}), bodies go out by {@link
 * io.berth.http.BodySender}, bodies come in by {@link io.berth.http.RequestBody}. Who is asking is found through the port
 * {@link io.berth.http.Authenticator}, which {@code identity} implements.
 */
package io.berth.http;
