/**
 * The Harbor API v2.0: a thin translation of its paths, bodies, statuses and lists onto the use cases below. Every
 * operation asks the one Authorizer; what is listed is filtered by the database. Where it departs from Harbor is written in
 * docs/harbor-compatibility.md.
 */
package io.berth.harbor;
