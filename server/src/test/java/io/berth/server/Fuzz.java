package io.berth.server;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** A test that goes on for {@link FuzzBudget}, and fails when it takes much longer. */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@Test
@Timeout(value = 1, unit = TimeUnit.DAYS) // in place of the default, which knows no budget
@ExtendWith(FuzzBudget.class)
@interface Fuzz {}
