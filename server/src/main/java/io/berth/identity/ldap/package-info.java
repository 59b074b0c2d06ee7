/**
 * Directories that speak LDAP, Active Directory among them. {@link io.berth.identity.ldap.LdapKind} says what their settings
 * are, {@link io.berth.identity.ldap.LdapSource} asks one.
 */
package io.berth.identity.ldap;
