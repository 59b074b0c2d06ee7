package io.berth;

import io.berth.identity.Accounts;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Says that a configured administrator's password does not count: it does at the first start only. */
final class IgnoredPassword {
    private static final Logger LOG = LoggerFactory.getLogger(IgnoredPassword.class);

    private IgnoredPassword() {}

    /**
     * Looks soon, and says so when it is true; cancelled, it does not look any more. Comparing takes as long as a login, so
     * a start does not wait for it.
     */
    static CompletableFuture<Void> warn(Accounts accounts, String configured) {
        return CompletableFuture.runAsync(
                () -> {
                    if (!accounts.administratorHas(configured)) {
                        LOG.warn(
                                "admin.password is ignored: it counts at the first start only, and '{}' has another password."
                                        + " `berth admin reset-password` changes it",
                                Accounts.ADMIN);
                    }
                },
                CompletableFuture.delayedExecutor(5, TimeUnit.SECONDS));
    }
}
