package reference;

import static reference.Segment.SYN;

import java.net.InetAddress;
import java.net.ProtocolException;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import lab.Conn;

/**
 * How the segments of a connection are read and written. RFC 9293, Section 3.1.
 *
 * <pre>
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   |          Source Port          |       Destination Port        |
 *   |                        Sequence Number                        |
 *   |                    Acknowledgment Number                      |
 *   | Offset| Rsrvd |     Flags     |            Window             |
 *   |           Checksum            |         Urgent Pointer        |
 *   |                           [Options]                           |
 *   :                             Data                              :
 * </pre>
 */
final class Wire {
    private static final int HEADER = 20, OFFSET_AT = 12, CHECKSUM_AT = 16, PROTOCOL = 6;
    private static final int END_OF_OPTIONS = 0, NO_OPERATION = 1, MSS_OPTION = 2, MSS_SIZE = 4;

    private final Conn conn;
    private final long pseudoHeader; // the sum of the addresses and the protocol, which the checksum covers too

    /** The longest payload that we take: an Ethernet frame less the headers of IP and TCP. */
    final int mss;

    /**
     * What a peer takes that does not say. RFC 9293, Section 3.7.1: "536 (576 - 40) for IPv4 or 1220 (1280 - 60) for IPv6".
     */
    final int defaultMss;

    Wire(Conn conn) {
        byte[] src = address(conn.src().ip()), dst = address(conn.dst().ip());
        this.conn = conn;
        pseudoHeader = sum(src) + sum(dst) + PROTOCOL;
        mss = src.length == 4 ? 1460 : 1440;
        defaultMss = src.length == 4 ? 536 : 1220;
    }

    private static byte[] address(String ip) {
        try {
            return InetAddress.getByName(ip).getAddress(); // of an address in figures: nobody is asked
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(e);
        }
    }

    byte[] build(Segment segment) {
        int options = segment.mss() > 0 ? MSS_SIZE : 0;
        ByteBuffer out = ByteBuffer.allocate(HEADER + options + segment.payload().length);
        out.putShort((short) conn.src().port()).putShort((short) conn.dst().port());
        out.putInt((int) segment.seq()).putInt((int) segment.ack());
        out.put((byte) ((HEADER + options) / 4 << 4)).put((byte) segment.flags()).putShort((short) segment.window());
        out.putInt(0); // checksum and urgent pointer
        if (options > 0) {
            out.put((byte) MSS_OPTION).put((byte) MSS_SIZE).putShort((short) segment.mss());
        }
        out.put(segment.payload());
        return out.putShort(CHECKSUM_AT, (short) ~checksum(out.array())).array();
    }

    /** Returns the segment that bytes hold. ProtocolException if they are damaged. */
    Segment parse(byte[] bytes) throws ProtocolException {
        if (bytes.length < HEADER) {
            throw new ProtocolException("shorter than a header");
        }
        ByteBuffer in = ByteBuffer.wrap(bytes);
        int start = (in.get(OFFSET_AT) >> 4 & 0xF) * 4;
        if (start < HEADER || start > bytes.length) {
            throw new ProtocolException("the data offset points outside of the segment");
        }
        if (checksum(bytes) != 0xFFFF) {
            throw new ProtocolException("wrong checksum");
        }
        long seq = Integer.toUnsignedLong(in.getInt(4)), ack = Integer.toUnsignedLong(in.getInt(8));
        int flags = in.get(13) & 0xFF, window = Short.toUnsignedInt(in.getShort(14));
        byte[] payload = new byte[bytes.length - start];
        in.get(start, payload);
        return new Segment(seq, ack, flags, window, payload, (flags & SYN) != 0 ? findMss(in.slice(HEADER, start - HEADER)) : 0);
    }

    /** Returns the value of the Maximum Segment Size option, or 0. RFC 9293, Section 3.2: all other options are passed over. */
    static int findMss(ByteBuffer options) {
        while (options.hasRemaining()) {
            int kind = options.get();
            if (kind == NO_OPERATION) { // a single byte
                continue;
            }
            if (kind == END_OF_OPTIONS || !options.hasRemaining()) {
                return 0;
            }
            int size = options.get() & 0xFF; // counts kind and itself
            if (size < 2 || size - 2 > options.remaining()) {
                return 0;
            }
            if (kind == MSS_OPTION && size == MSS_SIZE) {
                return Short.toUnsignedInt(options.getShort());
            }
            options.position(options.position() + size - 2);
        }
        return 0;
    }

    /** The Internet checksum: what overflows 16 bits is added in again at the low end. */
    private int checksum(byte[] bytes) {
        long sum = pseudoHeader + bytes.length + sum(bytes);
        while (sum > 0xFFFF) {
            sum = (sum & 0xFFFF) + (sum >> 16);
        }
        return (int) sum;
    }

    private static long sum(byte[] bytes) {
        ByteBuffer words = ByteBuffer.wrap(bytes);
        long sum = 0;
        while (words.remaining() > 1) {
            sum += Short.toUnsignedInt(words.getShort());
        }
        return words.hasRemaining() ? sum + ((words.get() & 0xFF) << 8) : sum; // "padding the last octet with zeros on its right"
    }
}
