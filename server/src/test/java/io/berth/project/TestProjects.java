package io.berth.project;

import io.berth.access.Grants;
import io.berth.access.ProjectAuthorizer;
import io.berth.access.TagsOfDigest;
import io.berth.config.BerthConfig;
import io.berth.db.Database;
import io.berth.http.Principal;
import io.berth.identity.AccessVersion;
import io.berth.identity.Robots;
import io.berth.oci.Digest;
import io.berth.oci.RepositoryName;
import io.berth.site.SiteSettings;
import java.util.Random;
import java.util.Set;

/** Projects on a database of a test. */
public final class TestProjects {
    /** Somebody who needs no account. */
    public static final Principal SYSTEM = new Principal(Principal.Kind.SYSTEM, 0, "system", "system");

    /** Of content that no tag leads to. */
    public static final TagsOfDigest NO_TAGS = new TagsOfDigest() {
        @Override
        public Set<String> reaching(RepositoryName repository, Digest digest) {
            return Set.of();
        }

        @Override
        public Set<String> naming(RepositoryName repository, Digest digest) {
            return Set.of();
        }
    };

    private TestProjects() {}

    public static Projects of(Database database) {
        return of(database, BerthConfig.CreatedByPush.ADMINISTRATORS);
    }

    public static Projects of(Database database, BerthConfig.CreatedByPush createdByPush) {
        var version = new AccessVersion();
        var site = new SiteSettings(database);
        return new Projects(
                database,
                site,
                new BerthConfig.Projects(createdByPush, false),
                new ProjectAuthorizer(database, version, NO_TAGS, true),
                new Grants(database, version),
                new Robots(database, new Random(1), site, version),
                version);
    }
}
