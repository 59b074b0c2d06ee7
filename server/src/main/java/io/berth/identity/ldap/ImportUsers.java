package io.berth.identity.ldap;

import io.berth.db.Change;
import io.berth.identity.Account;
import io.berth.identity.ConfiguredSources;
import io.berth.identity.Onboarding;
import io.berth.identity.Source;
import io.berth.oci.ErrorCode;
import io.berth.oci.OciException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Gives people of a directory their accounts before they first log in, so that they can be granted something. */
public final class ImportUsers {
    private final ConfiguredSources sources;
    private final Onboarding onboarding;

    public ImportUsers(ConfiguredSources sources, Onboarding onboarding) {
        this.sources = sources;
        this.onboarding = onboarding;
    }

    /** What became of one. */
    public sealed interface Result {
        record Imported(Account account) implements Result {}

        /** The directory knows nobody, or several, by this name. */
        record Unknown(String uid) implements Result {}

        /** The name is taken here, or its owner may not log in. */
        record Refused(String uid) implements Result {}
    }

    /** @throws OciException {@code NOT_FOUND} when there is no such directory, {@code UNAVAILABLE} when it is away */
    public List<Result> run(String source, List<String> uids, Change.Origin origin) {
        LdapSource directory = sources.of(LdapSource.class, source)
                .orElseThrow(() -> new OciException(ErrorCode.NOT_FOUND, "there is no directory '" + source + "'"));
        var results = new ArrayList<Result>();
        for (String uid : uids) {
            Optional<Source.Identity> identity = directory.find(uid);
            results.add(
                    identity.isEmpty()
                            ? new Result.Unknown(uid)
                            : onboarding
                                    .invite(identity.get(), origin)
                                    .<Result>map(Result.Imported::new)
                                    .orElseGet(() -> new Result.Refused(uid)));
        }
        return results;
    }
}
