/** Tests of a whole Berth in this process, spoken to over real sockets. */
package io.berth.server;
