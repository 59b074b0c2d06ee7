package io.berth.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.berth.oci.Digest;
import java.io.IOException;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class HashingSourceTest {
    @Property
    void whatPassesIsCountedHashedAndUnchanged(@ForAll byte[] content, @ForAll @IntRange(min = 1, max = 50) int piece)
            throws IOException {
        var hash = Digest.Algorithm.SHA256.newHash();
        var hashing = new HashingSource(BlobStoreContract.source(content, piece, null), hash);
        assertThat(BlobStoreContract.drain(hashing)).isEqualTo(content);
        assertThat(hashing.count()).isEqualTo(content.length);
        assertThat(Digest.finish(Digest.Algorithm.SHA256, hash.digest()))
                .isEqualTo(Digest.of(Digest.Algorithm.SHA256, content));
    }

    @Test
    void whatDidNotComeIsNotCounted() throws IOException {
        var hashing = new HashingSource(
                BlobStoreContract.source(new byte[25], 10, new IOException("gone")), Digest.Algorithm.SHA256.newHash());
        assertThatThrownBy(() -> BlobStoreContract.drain(hashing)).hasMessage("gone");
        assertThat(hashing.count()).isEqualTo(25);
    }
}
