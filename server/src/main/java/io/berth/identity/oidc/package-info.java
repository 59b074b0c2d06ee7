/**
 * Identity providers that speak OpenID Connect: the login of a browser by the authorization code flow with PKCE, which gives
 * its user a secret for command lines.
 */
package io.berth.identity.oidc;
