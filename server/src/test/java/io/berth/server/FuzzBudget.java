package io.berth.server;

import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.lang.reflect.Method;
import java.time.Duration;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;

/** How long random requests are sent: {@code -Dberth.fuzz.seconds=N}. What looks at the outcome has its time on top. */
final class FuzzBudget implements InvocationInterceptor {
    private static final int AFTERWARDS = 170;

    static int seconds(int otherwise) {
        return Integer.getInteger("berth.fuzz.seconds", otherwise);
    }

    @Override
    public void interceptTestMethod(
            Invocation<Void> invocation, ReflectiveInvocationContext<Method> method, ExtensionContext context) {
        assertTimeoutPreemptively(Duration.ofSeconds(seconds(10) + AFTERWARDS), () -> {
            invocation.proceed();
        });
    }
}
