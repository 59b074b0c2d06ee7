package io.berth.identity;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/** Work that many want at the same time: one of them does it, the others wait and hear the same. Thread-safe. */
final class Once<K, V> {
    private final ConcurrentHashMap<K, CompletableFuture<V>> underWay = new ConcurrentHashMap<>();

    /** What {@code work} gives or throws, here or where it is being done for {@code key} already. */
    V of(K key, Supplier<V> work) {
        var own = new CompletableFuture<V>();
        CompletableFuture<V> others = underWay.putIfAbsent(key, own);
        if (others != null) {
            try {
                return others.join();
            } catch (CompletionException e) {
                throw e.getCause() instanceof RuntimeException cause ? cause : e;
            }
        }
        try {
            V value = work.get();
            own.complete(value);
            return value;
        } catch (RuntimeException e) {
            own.completeExceptionally(e);
            throw e;
        } finally {
            underWay.remove(key, own);
        }
    }
}
