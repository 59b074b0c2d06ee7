/**
 * Projects, roles, members and robots as a file: {@code berth apply} makes them what the file says, {@code berth export}
 * writes the file, {@code berth can} explains a decision.
 */
package io.berth.rbac;
