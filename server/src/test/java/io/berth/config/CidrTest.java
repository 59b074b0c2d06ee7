package io.berth.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import java.net.InetAddress;
import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CidrTest {
    @ParameterizedTest
    @CsvSource({
        "10.0.0.0/8, 10.255.1.2, true",
        "10.0.0.0/8, 11.0.0.0, false",
        "192.168.1.128/25, 192.168.1.127, false",
        "192.168.1.128/25, 192.168.1.128, true",
        "127.0.0.1, 127.0.0.1, true",
        "127.0.0.1, 127.0.0.2, false",
        "0.0.0.0/0, 203.0.113.9, true",
        "0.0.0.0/0, ::1, false",
        "fd00::/8, fd12::1, true",
        "fd00::/8, fe80::1, false",
        "::1, ::1, true",
        "::/0, 2001:db8::1, true",
        "::/0, 10.0.0.1, false"
    })
    void anAddressLiesInANetworkWhenItsFirstBitsDo(String network, String address, boolean inside) throws Exception {
        assertThat(Cidr.parse(network).contains(InetAddress.getByName(address))).isEqualTo(inside);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "localhost",
                "example.com",
                "10.0.0.0/33",
                "10.0.0.0/-1",
                "10.0.0.0/",
                "10.0.0.0/x",
                "/8",
                "::/129",
                "10.0.0.256",
                "1.2.3.4.5",
                "999999999999",
                ".",
                "...",
                ":",
                "fe80::1%eth0",
                "a:b"
            })
    void whatIsNoNetworkIsRefused(String text) {
        assertThatThrownBy(() -> Cidr.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }

    // Asking a name server blocks, and what is asked comes from headers of requests.
    @Test
    void noNameIsEverLookedUp() throws Exception {
        Class<?> forbidden = InetAddress.class;
        String bytecode = new String(
                Cidr.class.getResourceAsStream("Cidr.class").readAllBytes(),
                java.nio.charset.StandardCharsets.ISO_8859_1);
        assertThat(bytecode).contains(forbidden.getName().replace('.', '/'));
        assertThat(bytecode).doesNotContain("getByName").doesNotContain("getAllByName");
    }

    @Property
    void containingIsComparingTheLeadingBits(
            @ForAll @Size(4) byte[] network, @ForAll @Size(4) byte[] other, @ForAll @IntRange(max = 32) int prefix)
            throws Exception {
        var cidr = Cidr.parse(InetAddress.getByAddress(network).getHostAddress() + "/" + prefix);
        boolean same = new BigInteger(1, network)
                .shiftRight(32 - prefix)
                .equals(new BigInteger(1, other).shiftRight(32 - prefix));
        assertThat(cidr.contains(InetAddress.getByAddress(other))).isEqualTo(same);
        assertThat(cidr.contains(InetAddress.getByAddress(Arrays.copyOf(network, 4))))
                .isTrue();
    }
}
