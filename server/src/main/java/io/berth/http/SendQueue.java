package io.berth.http;

import io.netty.channel.Channel;
import io.netty.channel.unix.UnixChannel;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** The kernel's queue of what a socket has sent and its peer has not acknowledged. */
final class SendQueue {
    // SIOCOUTQ of tcp(7), which has this number on both processors that the native transport is made for.
    private static final long SIOCOUTQ = 0x5411;

    private static final MethodHandle IOCTL = Linker.nativeLinker()
            .defaultLookup()
            .find("ioctl")
            .map(ioctl -> Linker.nativeLinker()
                    .downcallHandle(
                            ioctl,
                            FunctionDescriptor.of(
                                    ValueLayout.JAVA_INT,
                                    ValueLayout.JAVA_INT,
                                    ValueLayout.JAVA_LONG,
                                    ValueLayout.ADDRESS),
                            Linker.Option.firstVariadicArg(2)))
            .orElse(null);

    private SendQueue() {}

    /** Its bytes; 0 where that cannot be known, without the native transport. For the channel's event loop. */
    static int bytes(Channel channel) {
        if (IOCTL == null || !(channel instanceof UnixChannel socket) || !channel.isOpen()) {
            return 0;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment count = arena.allocate(ValueLayout.JAVA_INT);
            int failed = (int) IOCTL.invokeExact(socket.fd().intValue(), SIOCOUTQ, count);
            return failed == 0 ? count.get(ValueLayout.JAVA_INT, 0) : 0;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }
}
