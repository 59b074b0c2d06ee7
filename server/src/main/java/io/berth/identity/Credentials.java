package io.berth.identity;

import io.berth.db.Tx;
import io.berth.http.Principal;
import io.berth.site.Setting;
import io.berth.site.SiteSettings;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.BiPredicate;
import java.util.regex.Pattern;
import java.util.stream.LongStream;

/**
 * Ids of credentials, and whom they stand for now. An id holds a stamp of the secret that was proved: with a new password
 * or secret the old id, and every token that names it, stands for nobody.
 *
 * <pre>
 * password:&lt;account&gt;:&lt;stamp&gt;   a password, a browser's session begun by one
 * source:&lt;account&gt;             another source has verified the account
 * robot:&lt;robot&gt;:&lt;stamp&gt;       a robot's secret
 * token:&lt;token&gt;                 an access token
 * workload:&lt;robot&gt;:&lt;rule&gt;:&lt;end&gt;  a CI's own token, until its end
 * certificate:&lt;account&gt;:&lt;end&gt;  a client's certificate of an account, until the end of the certificate
 * machine:&lt;robot&gt;:&lt;end&gt;       the same of a robot
 * </pre>
 */
public final class Credentials {
    private static final Pattern NUMBER = Pattern.compile("\\d{1,18}");

    private final SiteSettings settings;
    private final BiPredicate<Tx, AccountDao.Login> standing;

    public Credentials(SiteSettings settings) {
        this(settings, Credentials::isStanding);
    }

    /** @param standing whether the source of an account that is not local lets it in */
    Credentials(SiteSettings settings, BiPredicate<Tx, AccountDao.Login> standing) {
        this.settings = settings;
        this.standing = standing;
    }

    private static boolean isStanding(Tx tx, AccountDao.Login login) {
        return tx.dao(IdentitySourceDao.class).countStanding(login.id()) > 0;
    }

    static String ofPassword(AccountDao.Login login) {
        return "password:" + login.id() + ":" + Secrets.stamp(login.passwordHash());
    }

    /** The id of an account's credential that another source has verified. */
    public static String ofSource(long account) {
        return "source:" + account;
    }

    static String ofRobot(Robot robot) {
        return "robot:" + robot.id() + ":" + Secrets.stamp(robot.secretHash());
    }

    static String ofToken(AccessTokens.Token token) {
        return "token:" + token.id();
    }

    /**
     * The id of a workload's token that {@code rule} lets act as {@code robot}.
     *
     * @param end when the token ends, milliseconds since 1970
     */
    public static String ofWorkload(long robot, long rule, long end) {
        return "workload:" + robot + ":" + rule + ":" + end;
    }

    static String ofCertificate(AccountDao.Login login, long end) {
        return "certificate:" + login.id() + ":" + end;
    }

    static String ofCertificate(Robot robot, long end) {
        return "machine:" + robot.id() + ":" + end;
    }

    /** When a credential ends at the latest, and all that is got by it; milliseconds since 1970. Empty where nothing ends it. */
    public static OptionalLong end(Principal principal) {
        OptionalLong own = end(principal.credential().split(":", 4));
        OptionalLong owners =
                principal.lifetime().stream().mapToLong(Principal.Lifetime::end).findFirst();
        return LongStream.concat(own.stream(), owners.stream()).min();
    }

    private static OptionalLong end(String[] parts) {
        int at = switch (parts[0]) {
            case "certificate", "machine" -> 2;
            case "workload" -> 3;
            default -> parts.length;
        };
        return at < parts.length && NUMBER.matcher(parts[at]).matches()
                ? OptionalLong.of(Long.parseLong(parts[at]))
                : OptionalLong.empty();
    }

    /** Whether {@code principal}'s credential still stands for them; the server itself and nobody have none. */
    public boolean standsFor(Tx tx, Principal principal) {
        return switch (principal.kind()) {
            case ANONYMOUS, SYSTEM -> true;
            case USER, ROBOT ->
                owner(tx, principal.credential())
                        .filter(owner -> owner.identity().equals(principal.identity()))
                        .isPresent();
        };
    }

    /** Whom {@code credential} stands for now; empty when it is over, or its owner may not log in. */
    public Optional<Principal> owner(Tx tx, String credential) {
        String[] parts = credential.split(":", 4);
        if (parts.length < 2 || !NUMBER.matcher(parts[1]).matches()) {
            return Optional.empty();
        }
        long id = Long.parseLong(parts[1]);
        return switch (parts[0]) {
            case "password" ->
                login(tx, id)
                        .filter(login -> ofPassword(login).equals(credential))
                        .map(login -> user(login, credential));
            case "source" -> login(tx, id).map(login -> user(login, credential));
            case "robot" ->
                tx.dao(RobotDao.class)
                        .find(id)
                        .filter(robot ->
                                robot.isActive(tx.nowMillis()) && ofRobot(robot).equals(credential))
                        .map(robot -> robot(robot, credential));
            case "token" ->
                tx.dao(AccessTokenDao.class)
                        .find(id)
                        .filter(token -> token.isActive(tx.nowMillis()))
                        .flatMap(token -> login(tx, token.accountId())
                                .map(login -> user(login, credential)
                                        .living(Principal.Lifetime.of(token.createdAt(), token.expiresAt())))
                                .map(owner ->
                                        token.limits().map(owner::limitedTo).orElse(owner)));
            case "workload" ->
                tx.dao(RobotDao.class)
                        .find(id)
                        .filter(robot ->
                                robot.isActive(tx.nowMillis()) && isRule(tx, parts[2], id) && isBefore(tx, parts))
                        .map(robot -> robot(robot, credential));
            case "certificate" ->
                login(tx, id)
                        .filter(login -> login.source().equals(Account.LOCAL) && isBefore(tx, parts))
                        .map(login -> user(login, credential));
            case "machine" ->
                tx.dao(RobotDao.class)
                        .find(id)
                        .filter(robot -> robot.isActive(tx.nowMillis()) && isBefore(tx, parts))
                        .map(robot -> robot(robot, credential));
            default -> Optional.empty();
        };
    }

    private static boolean isBefore(Tx tx, String[] parts) {
        OptionalLong end = end(parts);
        return end.isPresent() && tx.nowMillis() < end.getAsLong();
    }

    // What another source has verified holds as long as that source is in use and knows them.
    private Optional<AccountDao.Login> login(Tx tx, long id) {
        return tx.dao(AccountDao.class)
                .login(id)
                .filter(login -> !login.disabled())
                .filter(login -> login.source().equals(Account.LOCAL) || standing.test(tx, login));
    }

    private static boolean isRule(Tx tx, String rule, long robot) {
        return NUMBER.matcher(rule).matches()
                && tx.dao(WorkloadRuleDao.class).countEnabled(Long.parseLong(rule), robot) > 0;
    }

    private static Principal user(AccountDao.Login login, String credential) {
        return new Principal(Principal.Kind.USER, login.id(), login.name(), credential);
    }

    private Principal robot(Robot robot, String credential) {
        return new Principal(
                        Principal.Kind.ROBOT,
                        robot.id(),
                        robot.fullName(settings.get(Setting.ROBOT_PREFIX)),
                        credential)
                .living(Principal.Lifetime.of(robot.createdAt(), robot.expiresAt()));
    }
}
