/** Tokens that others have signed: fetching an issuer's keys, and verifying signatures under them. */
package io.berth.identity.jwt;
