/**
 * Who may do what. Every permission question is one call of {@link io.berth.access.Authorizer}, whose answer names the
 * rule that decided.
 */
package io.berth.access;
