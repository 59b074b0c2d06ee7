/**
 * Tokens that a CI or a cluster issues to its jobs, taken in place of a robot's secret.
 * {@link io.berth.identity.workload.WorkloadRules} says whose count as which robot,
 * {@link io.berth.identity.workload.WorkloadTokens} verifies them.
 */
package io.berth.identity.workload;
