/**
 * Berth's own API, {@code /api/v1}: what Harbor's API has no words for. {@code openapi.json} describes it, and a test holds
 * both to each other.
 */
package io.berth.api;
