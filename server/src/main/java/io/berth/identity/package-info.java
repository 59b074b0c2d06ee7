/**
 * Who exists: accounts, their passwords, and how a credential is verified.
 *
 * <p>{@link io.berth.identity.CredentialAuthenticator} implements the port of {@code http}. Further sources (directories,
 * identity providers, robots) join here.
 */
package io.berth.identity;
