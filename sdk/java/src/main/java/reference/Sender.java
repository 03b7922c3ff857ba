package reference;

import static reference.Segment.FIN;
import static reference.Segment.PSH;
import static reference.Segment.SYN;

import java.time.Duration;
import java.time.Instant;

/**
 * The sending half of a connection: what to send when, what to send again, and for how long to try.
 *
 * <p>The variables are those of RFC 9293, Section 3.3.1. SYN and FIN have a sequence number each:
 *
 * <pre>
 *     iss                una              nxt        max
 *      |  SYN  |  acknowledged  |  on its way  |  to send (again)  |  waiting  |  FIN  |
 * </pre>
 *
 * nxt lies before max after a timeout, when everything on its way counts as lost.
 */
final class Sender {
    /** RFC 9293, Section 3.8.3: R2 "SHOULD correspond to at least 100 seconds". */
    private static final Duration PATIENCE = Duration.ofSeconds(100);

    /** "MUST be set large enough to provide retransmission of the segment for at least 3 minutes". */
    private static final Duration PATIENCE_SYN = Duration.ofSeconds(180);

    private static final long NONE = Long.MAX_VALUE;

    /** Where segments go. */
    interface Output {
        void emit(long seq, int flags, byte[] payload);
    }

    /** The segment whose round trip is being measured: its end, and when it was sent. */
    private record Timed(long end, Instant sent) {}

    private final long iss;
    private long una; // the oldest unacknowledged sequence number
    private long nxt; // the next one to send
    private long max; // behind all that was ever sent
    private final Window window = new Window();
    private int mss = 536; // until begin
    private final ByteQueue buffer = new ByteQueue(); // from una on
    private long fin = NONE; // where FIN is, once the application has no more
    private boolean again; // the segment at una is to be sent again, or the peer's closed window is to be probed
    private final Timer timer = new Timer();
    private final RoundTrip roundTrip = new RoundTrip();
    private Congestion congestion;
    private Timed timed; // null if there is none
    private Instant waitingSince;

    Sender(long iss) {
        this.iss = iss;
        una = nxt = max = iss;
        congestion = new Congestion(mss, iss, false);
    }

    long iss() {
        return iss;
    }

    long una() {
        return una;
    }

    long max() {
        return max;
    }

    Window window() {
        return window;
    }

    RoundTrip roundTrip() {
        return roundTrip;
    }

    Congestion congestion() {
        return congestion;
    }

    /** Returns how many bytes are not acknowledged, sent or not. */
    int size() {
        return buffer.size();
    }

    /** The peer's SYN has come, and with it the size of the segments it takes. */
    void begin(int mss) {
        this.mss = mss;
        congestion = new Congestion(mss, iss, roundTrip.isBackedOff());
    }

    void push(byte[] data) {
        buffer.append(data);
    }

    void close() {
        if (fin == NONE) {
            fin = first() + buffer.size();
        }
    }

    boolean isClosed() {
        return fin != NONE;
    }

    boolean isFinAcked() {
        return una > fin;
    }

    boolean hasExpired(Instant now) {
        return timer.hasExpired(now);
    }

    /**
     * Sends what may be sent now. As long as anything is unacknowledged, sent or not, the timer runs afterwards: if nothing is on its
     * way, the window is closed, and the timer makes us ask whether it still is.
     */
    void transmit(Instant now, Output out) {
        if (nxt == iss) {
            nxt = iss + 1;
            emit(iss, SYN, new byte[0], now, out);
        } else if (una > iss) { // before that, data waits for the end of the handshake
            transmitText(now, out);
        }
        if (una == end()) {
            timer.stop();
        } else if (!timer.isRunning()) {
            timer.start(now.plus(roundTrip.rto()));
            waitingSince = now;
        }
    }

    private void transmitText(Instant now, Output out) {
        if (again) {
            again = false;
            cut(una, Math.max(1, Math.min(mss, window.size())), now, out);
        }
        for (int size; (size = allowed()) > 0; nxt += size) {
            cut(nxt, size, now, out);
        }
    }

    /** Takes an acknowledgment from una to max. */
    void onAck(Segment seg, Instant now) {
        waitingSince = now;
        if (seg.ack() > una) {
            onProgress(seg.ack(), now);
        } else if (seg.length() == 0 && window.isOpen() && seg.window() == window.size() && una < max) {
            again |= congestion.onDuplicate(una, max - una, max); // RFC 5681, Section 2, says what a duplicate is
        }
        if (window.update(seg)) {
            roundTrip.forgive();
            timer.stop();
        }
    }

    private void onProgress(long ack, Instant now) {
        if (timed != null && ack >= timed.end()) {
            roundTrip.sample(Duration.between(timed.sent(), now));
            timed = null;
        }
        buffer.drop((int) Math.min(Math.max(0, ack - first()), buffer.size())); // SYN and FIN are not in it
        long acked = ack - una;
        una = ack;
        nxt = Math.max(nxt, ack);
        again = congestion.onAck(ack, acked, max - ack);
        timer.stop(); // transmit starts it anew
    }

    /** The timer has expired. Returns whether to go on; if not, the peer has been silent for too long. */
    boolean onTimeout(Instant now) {
        if (Duration.between(waitingSince, now).compareTo(una == iss ? PATIENCE_SYN : PATIENCE) > 0) {
            return false;
        }
        if (una > iss && (!window.isOpen() || nxt == una)) {
            // RFC 9293, Section 3.8.6.1: the peer's window is closed; we "must regularly transmit at least one octet of new data
            // (if available), or retransmit": the news that it is open may have been lost.
            again = true;
        } else {
            congestion.onTimeout(max - una, max, !roundTrip.isBackedOff());
            rewind();
        }
        roundTrip.backOff();
        timer.start(now.plus(roundTrip.rto()));
        return true;
    }

    /** Has everything that is not acknowledged sent again. */
    void rewind() {
        nxt = una;
        again = false;
        timed = null;
    }

    /** Returns how many sequence numbers, FIN's among them, the next segment may have: 0 to 1 MSS. */
    private int allowed() {
        long waiting = end() - nxt;
        long room = una + Math.min(window.size(), congestion.cwnd()) - nxt;
        long size = Math.min(Math.min(waiting, room), mss);
        if (size <= 0 || (size < Math.min(mss, waiting) && 2 * size < window.widest())) {
            return 0; // RFC 9293, Section 3.8.6.2.1: rather wait than send crumbs into a narrow window
        }
        return (int) size;
    }

    private void cut(long seq, int size, Instant now, Output out) {
        int at = (int) (seq - first());
        byte[] payload = at < buffer.size() ? buffer.copy(at, size) : new byte[0];
        int flags = payload.length > 0 && at + size >= buffer.size() ? PSH : 0;
        if (seq + payload.length == fin && size > payload.length) {
            flags |= FIN;
        }
        emit(seq, flags, payload, now, out);
    }

    private void emit(long seq, int flags, byte[] payload, Instant now, Output out) {
        long end = seq + payload.length + ((flags & (SYN | FIN)) != 0 ? 1 : 0);
        if (timed == null && seq >= max) { // one at a time, and none that goes out again
            timed = new Timed(end, now);
        }
        max = Math.max(max, end);
        out.emit(seq, flags, payload);
    }

    /** Returns the sequence number of the first byte in the buffer. */
    private long first() {
        return Math.max(una, iss + 1);
    }

    /** Returns the sequence number behind all that the application wants sent. */
    private long end() {
        return fin == NONE ? first() + buffer.size() : fin + 1;
    }
}
