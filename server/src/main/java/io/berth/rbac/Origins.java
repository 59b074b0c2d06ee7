package io.berth.rbac;

import io.berth.db.Change;
import io.berth.db.Tx;
import io.berth.identity.IdentitySources;
import io.berth.identity.Robots;
import io.berth.identity.workload.WorkloadRules;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Where people and jobs come from, as a file says it: sources, and rules for workloads. Within the transaction of {@link Rbac}. */
final class Origins {
    private final IdentitySources sources;
    private final WorkloadRules rules;
    private final Robots robots;

    Origins(IdentitySources sources, WorkloadRules rules, Robots robots) {
        this.sources = sources;
        this.rules = rules;
        this.robots = robots;
    }

    void putSources(Tx tx, List<RbacFile.Source> wanted, List<String> changes, Change.Origin origin) {
        var existing = new LinkedHashMap<String, IdentitySources.Configured>();
        sources.list(tx).forEach(source -> existing.put(source.name(), source));
        List<String> order = wanted.stream().map(RbacFile.Source::name).toList();
        requireOnce(order, "sources");
        for (String gone : existing.keySet()) {
            if (!order.contains(gone)) {
                sources.remove(tx, gone, origin);
                changes.add("- source " + gone);
            }
        }
        for (RbacFile.Source one : wanted) {
            IdentitySources.Configured before = existing.get(one.name());
            boolean same = before != null
                    && before.kind().equals(one.kind())
                    && before.enabled() == one.enabled()
                    && before.settings().equals(one.settings())
                    && sources.hasSecrets(tx, one.name(), one.secrets());
            if (!same) {
                sources.put(tx, one.name(), one.kind(), one.settings(), one.secrets(), one.enabled(), origin);
                changes.add((before == null ? "+ source " : "~ source ") + one.name());
            }
        }
        List<String> now =
                sources.list(tx).stream().map(IdentitySources.Configured::name).toList();
        if (!now.equals(order)) {
            sources.reorder(tx, order, origin);
            changes.add("~ order of sources: " + String.join(", ", order));
        }
    }

    // After the robots, which a rule may be the first to name.
    void putRules(Tx tx, List<RbacFile.Rule> wanted, List<String> changes, Change.Origin origin) {
        Map<String, WorkloadRules.Rule> existing = new TreeMap<>();
        rules.list(tx).forEach(rule -> existing.put(rule.name(), rule));
        requireOnce(wanted.stream().map(RbacFile.Rule::name).toList(), "workload-rules");
        for (RbacFile.Rule one : wanted) {
            long robot = robots.find(tx, one.robot())
                    .orElseThrow(() -> new OciException(ErrorCode.NOT_FOUND, "there is no robot '" + one.robot() + "'"))
                    .id();
            WorkloadRules.Rule before = existing.remove(one.name());
            boolean same = before != null
                    && before.issuer().equals(one.issuer())
                    && before.robot() == robot
                    && before.enabled() == one.enabled()
                    && before.settings().equals(one.settings());
            if (!same) {
                rules.put(tx, one.name(), one.issuer(), one.settings(), robot, one.enabled(), origin);
                changes.add((before == null ? "+ workload rule " : "~ workload rule ") + one.name());
            }
        }
        existing.keySet().forEach(gone -> {
            rules.remove(tx, gone, origin);
            changes.add("- workload rule " + gone);
        });
    }

    private static void requireOnce(List<String> names, String at) {
        if (names.stream().distinct().count() < names.size()) {
            throw new OciException(ErrorCode.BAD_REQUEST, at + ": a name is there twice");
        }
    }

    List<RbacFile.Source> sources(Tx tx) {
        return sources.list(tx).stream()
                .map(source -> new RbacFile.Source(
                        source.name(), source.kind(), source.enabled(), source.settings(), Map.of()))
                .toList();
    }

    List<RbacFile.Rule> rules(Tx tx) {
        return rules.list(tx).stream()
                .map(rule -> new RbacFile.Rule(
                        rule.name(), rule.issuer(), robotName(tx, rule.robot()), rule.enabled(), rule.settings()))
                .toList();
    }

    private String robotName(Tx tx, long id) {
        return robots.fullName(Robots.require(tx, id));
    }
}
