package reference;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import lab.Conn;

/** Where the sequence numbers of a connection begin, and how they go on beyond 32 bits. */
final class SequenceNumbers {
    private static final long MODULUS = 1L << 32;

    private final byte[] secret = new byte[16];

    SequenceNumbers() {
        new SecureRandom().nextBytes(secret);
    }

    /**
     * RFC 9293, Section 3.4.1: "ISN = M + F(localip, localport, remoteip, remoteport, secretkey)". M counts up every 4
     * microseconds, so that an old connection's segments fall outside of a new one's window; F keeps others from guessing it.
     */
    long initial(Conn conn, Instant now) {
        long m = Duration.between(Instant.EPOCH, now).toNanos() / 4_000;
        return Math.floorMod(m + hash(conn), MODULUS);
    }

    private int hash(Conn conn) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(secret);
            return ByteBuffer.wrap(digest.digest(conn.toString().getBytes(StandardCharsets.UTF_8))).getInt();
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java has SHA-256", e);
        }
    }

    /**
     * Returns the number closest to near whose low 32 bits are those of number.
     *
     * <p>On the wire, sequence numbers begin again at 0 after 2³²-1, and to compare them is an art. Everywhere else in this TCP they
     * simply go on: they are compared with &lt; and subtracted with -. Here they are made so, and {@link Wire#build} cuts them back.
     */
    static long unwrap(long number, long near) {
        return near + (int) (number - near); // the cast takes what is in the low 32 bits, with a sign
    }
}
