/**
 * What keeps the store and the database in agreement: {@link io.berth.gc.Fsck} proves that they are. Garbage collection
 * itself joins here.
 */
package io.berth.gc;
