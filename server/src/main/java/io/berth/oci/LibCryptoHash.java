package io.berth.oci;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * SHA-2 by the system's libcrypto, which hashes with whatever instructions the processor has from the first byte on. The
 * JDK does so only into callers that it has compiled, and more slowly without SHA instructions (docs/adr/0006).
 *
 * <p>The state lies in the heap, so there is nothing to free. Like every {@link MessageDigest}, for one thread at a time.
 *
 * @see <a href="https://docs.openssl.org/3.0/man3/SHA256_Init/">SHA256_Init(3)</a>
 */
final class LibCryptoHash extends MessageDigest {
    /** The library's names, newest first. */
    private static final List<String> NAMES = List.of("libcrypto.so.3", "libcrypto.so.1.1");

    /** The heap cannot be collected while the library reads from it: bytes at a time, some 0.2 ms. */
    private static final int SLICE = 64 << 10;

    /** Longs enough for SHA256_CTX (112 bytes) and SHA512_CTX (216). */
    private static final int STATE = 32;

    /** What the library has for one algorithm. */
    record Functions(String algorithm, int length, MethodHandle init, MethodHandle update, MethodHandle finish) {
        private static final FunctionDescriptor INIT = FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS);
        private static final FunctionDescriptor UPDATE = FunctionDescriptor.of(
                ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG);
        private static final FunctionDescriptor FINAL =
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS);

        /** Those for {@code algorithm}, a name of the JCA; nothing where there is no such library or it does not count right. */
        static Optional<Functions> find(String algorithm, int length) {
            String prefix = algorithm.replace("-", "");
            for (String name : NAMES) {
                try {
                    SymbolLookup library = SymbolLookup.libraryLookup(name, Arena.global());
                    var found = new Functions(
                            algorithm,
                            length,
                            handle(library, prefix + "_Init", INIT),
                            handle(library, prefix + "_Update", UPDATE),
                            handle(library, prefix + "_Final", FINAL));
                    if (found.agreeWithTheJdk()) {
                        return Optional.of(found);
                    }
                } catch (RuntimeException | LinkageError e) {
                    // not this library, or none that may be used
                }
            }
            return Optional.empty();
        }

        private static MethodHandle handle(SymbolLookup library, String name, FunctionDescriptor descriptor) {
            MemorySegment symbol =
                    library.find(name).orElseThrow(() -> new IllegalArgumentException("no function " + name));
            return Linker.nativeLinker().downcallHandle(symbol, descriptor, Linker.Option.critical(true));
        }

        private boolean agreeWithTheJdk() {
            byte[] content = HexFormat.of().parseHex("00ff".repeat(500));
            try {
                return Arrays.equals(
                        new LibCryptoHash(this).digest(content),
                        MessageDigest.getInstance(algorithm).digest(content));
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private final Functions functions;
    private final long[] state = new long[STATE];
    private final MemorySegment context = MemorySegment.ofArray(state);

    LibCryptoHash(Functions functions) {
        super(functions.algorithm());
        this.functions = functions;
        engineReset();
    }

    @Override
    protected int engineGetDigestLength() {
        return functions.length();
    }

    @Override
    protected void engineReset() {
        try {
            check((int) functions.init().invokeExact(context));
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    @Override
    protected void engineUpdate(byte input) {
        engineUpdate(new byte[] {input}, 0, 1);
    }

    @Override
    protected void engineUpdate(byte[] input, int offset, int length) {
        update(MemorySegment.ofArray(input).asSlice(offset, length));
    }

    @Override
    protected void engineUpdate(ByteBuffer input) {
        update(MemorySegment.ofBuffer(input));
        input.position(input.limit());
    }

    private void update(MemorySegment input) {
        long size = input.byteSize();
        try {
            for (long position = 0; position < size; position += SLICE) {
                long length = Math.min(SLICE, size - position);
                check((int) functions.update().invokeExact(context, input.asSlice(position, length), length));
            }
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    @Override
    protected byte[] engineDigest() {
        byte[] hash = new byte[functions.length()];
        try {
            check((int) functions.finish().invokeExact(MemorySegment.ofArray(hash), context));
        } catch (Throwable e) {
            throw failed(e);
        }
        engineReset();
        return hash;
    }

    private static void check(int result) {
        if (result != 1) {
            throw new IllegalStateException("libcrypto cannot hash");
        }
    }

    private static RuntimeException failed(Throwable e) {
        if (e instanceof Error error) {
            throw error;
        }
        return e instanceof RuntimeException known ? known : new IllegalStateException(e);
    }
}
