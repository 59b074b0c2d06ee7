package io.berth.http;

import io.berth.config.Cidr;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.List;

/**
 * What all exchanges of a server share.
 *
 * @param certificates which one a request comes with
 * @param idleTimeout how long a peer may neither send nor take anything
 * @param lingerBytes how much of an unwanted body is read after an early answer
 * @param lingerTime for how long
 */
record ServerContext(
        Vertx vertx,
        List<Cidr> trustedProxies,
        PresentedCertificates certificates,
        BufferPool buffers,
        InboundMemory inbound,
        Duration idleTimeout,
        long lingerBytes,
        Duration lingerTime) {}
