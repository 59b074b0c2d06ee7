/**
 * Projects: the tenants, what they are charged for, and their quota. A project is the first segment of its repositories'
 * names. What a project holds is charged once, however many of its repositories hold it, in the transaction that links or
 * unlinks it ({@link io.berth.project.Charges}).
 */
package io.berth.project;
