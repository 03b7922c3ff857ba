package reference;

/**
 * How much the network may be asked to carry: slow start, congestion avoidance, fast recovery. RFC 5681 and RFC 6582 (NewReno).
 *
 * <p>Numbers in, numbers out: {@link #cwnd} is how many bytes may be on their way. What the methods return says whether to send the
 * first unacknowledged segment again.
 */
final class Congestion {
    private final int mss;
    private long cwnd;
    private long ssthresh = Long.MAX_VALUE; // slow start below it, congestion avoidance above
    private boolean recovering;
    private long recover; // losses below it belong to an event that was answered already
    private int duplicates;
    private long credit; // bytes acknowledged since cwnd last grew in congestion avoidance

    Congestion(int mss, long iss, boolean synLost) {
        this.mss = mss;
        recover = iss;
        // RFC 6928; but RFC 5681, Section 3.1: after a lost SYN it "MUST be one segment".
        cwnd = synLost ? mss : Math.min(10L * mss, Math.max(2L * mss, 14_600));
    }

    long cwnd() {
        return cwnd;
    }

    boolean isRecovering() {
        return recovering;
    }

    /** An acknowledgment of acked bytes has come; flight bytes are still on their way. */
    boolean onAck(long ack, long acked, long flight) {
        duplicates = 0;
        if (!recovering) {
            grow(acked);
            return false;
        }
        if (ack >= recover) { // everything of then has arrived
            recovering = false;
            cwnd = Math.min(ssthresh, Math.max(flight, mss) + mss);
            return false;
        }
        // A partial acknowledgment: the next hole begins right here. "Retransmit the first unacknowledged segment."
        cwnd = Math.max(cwnd - acked + (acked >= mss ? mss : 0), mss);
        return true;
    }

    /** A duplicate acknowledgment: something left the network, but not what the peer waits for. */
    boolean onDuplicate(long una, long flight, long highest) {
        duplicates++;
        if (recovering) {
            cwnd += mss;
            return false;
        }
        if (duplicates != 3 || una <= recover) {
            return false;
        }
        ssthresh = half(flight);
        cwnd = ssthresh + 3L * mss; // three segments have arrived behind the hole
        recovering = true;
        recover = highest;
        return true;
    }

    /** Nothing comes back any more. A segment that times out for the second time halves nothing again. */
    void onTimeout(long flight, long highest, boolean first) {
        if (first) {
            ssthresh = half(flight);
        }
        cwnd = mss;
        recovering = false;
        recover = highest;
        duplicates = 0;
        credit = 0;
    }

    private long half(long flight) {
        return Math.max(flight / 2, 2L * mss);
    }

    private void grow(long acked) {
        if (cwnd < ssthresh) {
            cwnd += Math.min(acked, mss); // doubles in a round trip
            return;
        }
        credit += acked;
        if (credit >= cwnd) { // one segment in a round trip
            credit -= cwnd;
            cwnd += mss;
        }
    }
}
