/**
 * The Docker token service: gives a client that proves who it is a short-lived token for what it asks and may do, and
 * verifies those tokens.
 *
 * <p>A token carries the id of the credential that it was issued for and caps what it can be used for; rights are looked up
 * when it is used, so that what is revoked ends with the next request.
 *
 * @see <a href="https://distribution.github.io/distribution/spec/auth/token/">Docker Registry Token Authentication</a>
 */
package io.berth.token;
