package io.berth.config;

import static java.util.Objects.requireNonNull;

import java.net.InetAddress;
import java.util.Arrays;
import java.util.regex.Pattern;

/**
 * A network of IP addresses, {@code 10.0.0.0/8} or a single address.
 *
 * @param address the network's address
 * @param prefixLength how many leading bits count
 */
public record Cidr(InetAddress address, int prefixLength) {
    // Only literals, without zones; no name is ever looked up.
    private static final Pattern LITERAL = Pattern.compile("[0-9.]+|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*");

    public Cidr {
        requireNonNull(address, "address is null");
    }

    /** @throws IllegalArgumentException when {@code text} is not a network */
    public static Cidr parse(String text) {
        int slash = text.indexOf('/');
        String host = slash < 0 ? text : text.substring(0, slash);
        if (!LITERAL.matcher(host).matches()) {
            throw new IllegalArgumentException("not an IP address or network");
        }
        InetAddress address = InetAddress.ofLiteral(host);
        int bits = address.getAddress().length * 8;
        int prefix = slash < 0 ? bits : Integer.parseInt(text.substring(slash + 1));
        if (prefix < 0 || prefix > bits) {
            throw new IllegalArgumentException("prefix length out of range");
        }
        return new Cidr(address, prefix);
    }

    /** Whether {@code other} lies in this network. */
    public boolean contains(InetAddress other) {
        byte[] mine = address.getAddress();
        byte[] theirs = other.getAddress();
        if (mine.length != theirs.length) {
            return false;
        }
        int whole = prefixLength / 8;
        if (!Arrays.equals(mine, 0, whole, theirs, 0, whole)) {
            return false;
        }
        int rest = prefixLength % 8;
        int mask = 0xff << (8 - rest) & 0xff;
        return rest == 0 || (mine[whole] & mask) == (theirs[whole] & mask);
    }
}
