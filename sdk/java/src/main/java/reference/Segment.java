package reference;

import java.util.Optional;

/**
 * What a segment says, without the ports: they are the same for all segments of a connection.
 *
 * @param seq its first sequence number. As parsed it has 32 bits; then it is {@link SequenceNumbers#unwrap unwrapped}
 * @param ack the same for the acknowledgment number, if there is one
 * @param mss the value of the Maximum Segment Size option, which only a SYN carries; 0 if there is none
 */
record Segment(long seq, long ack, int flags, int window, byte[] payload, int mss) {
    static final int FIN = 0x01, SYN = 0x02, RST = 0x04, PSH = 0x08, ACK = 0x10;

    private static final byte[] EMPTY = {};

    Segment(long seq, long ack, int flags, int window) {
        this(seq, ack, flags, window, EMPTY, 0);
    }

    boolean has(int flag) {
        return (flags & flag) != 0;
    }

    /** Sequence numbers that the segment occupies: SYN and FIN count as one each. RFC 9293, Section 3.4: SEG.LEN. */
    int length() {
        return payload.length + (has(SYN) ? 1 : 0) + (has(FIN) ? 1 : 0);
    }

    /** Returns the segment with other numbers. */
    Segment at(long seq, long ack) {
        return new Segment(seq, ack, flags, window, payload, mss);
    }

    /** Returns the answer to a segment that belongs to no connection. RFC 9293, Section 3.10.7.1. */
    Optional<Segment> reset() {
        if (has(RST)) {
            return Optional.empty();
        }
        return Optional.of(has(ACK) ? new Segment(ack, 0, RST, 0) : new Segment(0, seq + length(), RST | ACK, 0));
    }
}
