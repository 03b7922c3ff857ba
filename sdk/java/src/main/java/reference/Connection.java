package reference;

import static reference.Segment.ACK;
import static reference.Segment.FIN;
import static reference.Segment.RST;
import static reference.Segment.SYN;
import static reference.SequenceNumbers.unwrap;

import java.time.Duration;
import java.time.Instant;
import lab.Api;
import lab.Conn;

/**
 * One connection: its state, and what each event does to it. RFC 9293, Section 3.10.
 *
 * <p>What happens comes in through {@link #connect}, {@link #accept}, {@link #send}, {@link #finish}, {@link #abort},
 * {@link #onSegment} and {@link #onTick}, each with the time; what has to be done goes out through {@link Api}. There is no clock,
 * thread or socket in here, so a test can be the network, the application and the time.
 *
 * <p>A connection in CLOSED stays there, and has told the driver what it needs to know.
 */
final class Connection {
    /**
     * How long a segment may wander about in the network. RFC 9293 takes two minutes; in a laboratory a second is plenty, and the
     * driver lends out only 4,000 ports.
     */
    private static final Duration MSL = Duration.ofSeconds(1);

    private final Conn conn;
    private final Api api;
    private final Wire wire;
    private final Sender snd;
    private Receiver rcv; // null until we have seen the peer's SYN
    private State state = State.LISTEN; // until connect or accept
    private boolean isCalled; // the peer began it: it came from LISTEN by a SYN
    private final Timer timeWait = new Timer();

    Connection(Conn conn, Api api, long iss) {
        this.conn = conn;
        this.api = api;
        wire = new Wire(conn);
        snd = new Sender(iss);
    }

    Conn conn() {
        return conn;
    }

    Wire wire() {
        return wire;
    }

    Sender snd() {
        return snd;
    }

    State state() {
        return state;
    }

    boolean isClosed() {
        return state == State.CLOSED;
    }

    // What the application asks for.

    void connect(Instant now) {
        state = State.SYN_SENT;
        flush(now);
    }

    /** Somebody calls: the application listens, and this came for it. */
    void accept(Segment syn, Instant now) {
        onSegment(syn, now);
        if (state == State.LISTEN) {
            release(); // it was no SYN; the driver brings none such
        }
    }

    void send(byte[] data, Instant now) {
        snd.push(data);
        flush(now);
    }

    /** The application has no more to send. */
    void finish(Instant now) {
        snd.close();
        switch (state) {
            case ESTABLISHED -> state = State.FIN_WAIT_1;
            case CLOSE_WAIT -> state = State.LAST_ACK;
            default -> { } // once the handshake is done, or never
        }
        flush(now);
    }

    /** The application is gone. The driver has forgotten the connection; the peer is told, if it knows of it. */
    void abort() {
        if (rcv != null && state != State.TIME_WAIT) {
            emit(snd.max(), RST, new byte[0]);
        }
        state = State.CLOSED;
    }

    // What time brings.

    void onTick(Instant now) {
        if (state == State.CLOSED) {
            return;
        }
        if (timeWait.hasExpired(now)) {
            release();
        } else if (snd.hasExpired(now) && !snd.onTimeout(now)) {
            reset();
        } else if (rcv != null) {
            rcv.onTick();
        }
        flush(now);
    }

    // What the network brings.

    void onSegment(Segment arrived, Instant now) {
        Segment seg = arrived.at(arrived.seq(), unwrap(arrived.ack(), snd.una()));
        if (rcv != null) {
            onArrival(seg.at(unwrap(seg.seq(), rcv.nxt()), seg.ack()), now);
        } else if (state == State.SYN_SENT) {
            onSynSent(seg, now);
        } else if (state == State.LISTEN) {
            onListen(seg, now);
        }
        flush(now);
    }

    /** RFC 9293, Section 3.10.7.2: nobody has sent anything yet. */
    private void onListen(Segment seg, Instant now) {
        if (seg.has(RST)) {
            return; // "it does not refer to anything that has been sent"
        }
        if (seg.has(ACK)) {
            emit(seg.ack(), RST, new byte[0]); // "Any acknowledgment is bad if it arrives on a connection still in the LISTEN state."
        } else if (seg.has(SYN)) {
            isCalled = true;
            takeSyn(seg, now);
        }
    }

    /** RFC 9293, Section 3.10.7.3: we have sent SYN, and this is the first that we hear. */
    private void onSynSent(Segment seg, Instant now) {
        boolean acceptable = seg.has(ACK) && snd.iss() < seg.ack() && seg.ack() <= snd.max();
        if (seg.has(ACK) && !acceptable) {
            if (!seg.has(RST)) {
                emit(seg.ack(), RST, new byte[0]);
            }
        } else if (seg.has(RST)) {
            if (acceptable) {
                reset(); // "error: connection reset": nobody listens there
            }
        } else if (seg.has(SYN)) {
            takeSyn(seg, now);
        }
    }

    /** Data that comes with a SYN is left to be sent again: we acknowledge the SYN alone. */
    private void takeSyn(Segment seg, Instant now) {
        rcv = new Receiver(seg.seq(), wire.mss);
        snd.begin(Math.min(wire.mss, seg.mss() > 0 ? seg.mss() : wire.defaultMss));
        if (seg.has(ACK)) {
            snd.onAck(seg, now);
            establish();
            rcv.requireAck();
        } else { // both ends have sent SYN at the same time, or we were in LISTEN
            state = State.SYN_RECEIVED;
            snd.rewind(); // SYN goes out again, now with an acknowledgment
        }
    }

    private void establish() {
        state = snd.isClosed() ? State.FIN_WAIT_1 : State.ESTABLISHED;
        if (isCalled) {
            api.peerConnected(conn);
        } else {
            api.appConnected(conn);
        }
    }

    /** RFC 9293, Section 3.10.7.4: the checks, in their order, for all states in which the peer's SYN is known. */
    private void onArrival(Segment seg, Instant now) {
        if (checkSeq(seg, now) && checkRst(seg) && checkSyn(seg) && checkAck(seg, now)) {
            takeText(seg, now);
        }
    }

    private boolean checkSeq(Segment seg, Instant now) {
        if (rcv.accepts(seg)) {
            return true;
        }
        if (!seg.has(RST)) {
            rcv.requireAck(); // "an acknowledgment should be sent in reply"
            if (state == State.TIME_WAIT && seg.has(FIN)) { // our last one was lost
                enterTimeWait(now);
            }
        }
        return false;
    }

    /**
     * RFC 9293 has one in SYN-RECEIVED that was called "return to the LISTEN state". The one who listens is the driver: the next
     * SYN is the next connection.
     */
    private boolean checkRst(Segment seg) {
        if (!seg.has(RST)) {
            return true;
        }
        if (seg.seq() != rcv.nxt()) {
            rcv.requireAck(); // RFC 5961, Section 3.2: whoever guesses is asked again, "a challenge ACK"
        } else if (state == State.CLOSING || state == State.LAST_ACK || state == State.TIME_WAIT) {
            release();
        } else {
            reset();
        }
        return false;
    }

    private boolean checkSyn(Segment seg) {
        if (seg.has(SYN)) {
            rcv.requireAck(); // RFC 5961, Section 4.2
        }
        return !seg.has(SYN);
    }

    private boolean checkAck(Segment seg, Instant now) {
        if (!seg.has(ACK)) {
            return false;
        }
        if (state == State.SYN_RECEIVED) {
            if (seg.ack() <= snd.una() || seg.ack() > snd.max()) {
                emit(seg.ack(), RST, new byte[0]);
                return false;
            }
            establish();
        }
        if (seg.ack() > snd.max() || seg.ack() < snd.una() - snd.window().widest()) {
            rcv.requireAck(); // of what we never sent, or too old to be true: RFC 5961, Section 5.2
            return false;
        }
        if (seg.ack() >= snd.una()) {
            snd.onAck(seg, now);
        }
        if (snd.isFinAcked()) {
            onFinAcked(now);
        }
        return state != State.CLOSED;
    }

    private void onFinAcked(Instant now) {
        switch (state) {
            case FIN_WAIT_1 -> state = State.FIN_WAIT_2;
            case CLOSING -> enterTimeWait(now);
            case LAST_ACK -> release();
            default -> { } // we knew it
        }
    }

    private void takeText(Segment seg, Instant now) {
        if (!state.takesText() || seg.length() == 0) {
            return;
        }
        byte[] data = rcv.take(seg);
        if (data.length > 0) {
            api.appRecv(conn, data);
        }
        if (rcv.hasFinished()) {
            onPeerFin(now);
        }
    }

    private void onPeerFin(Instant now) {
        api.appPeerFin(conn);
        switch (state) {
            case ESTABLISHED -> state = State.CLOSE_WAIT;
            case FIN_WAIT_1 -> state = State.CLOSING;
            case FIN_WAIT_2 -> enterTimeWait(now);
            default -> throw new AssertionError(state); // takes no text
        }
    }

    /** We have acknowledged FIN but cannot know whether that arrives: stay, to answer should FIN come again. */
    private void enterTimeWait(Instant now) {
        state = State.TIME_WAIT;
        timeWait.start(now.plus(MSL.multipliedBy(2)));
    }

    private void reset() {
        state = State.CLOSED;
        api.appPeerRst(conn);
    }

    private void release() {
        state = State.CLOSED;
        api.releaseConnection(conn);
    }

    // What goes out.

    /** Sends what may be sent and what has to be acknowledged. Every event ends here. */
    private void flush(Instant now) {
        if (state == State.LISTEN || state == State.CLOSED) {
            return;
        }
        snd.transmit(now, this::emit);
        if (rcv != null && rcv.isAckDue()) {
            // Not from nxt: after a timeout that lies before the peer's window, and the peer would take this for old.
            emit(snd.max(), ACK, new byte[0]);
        }
    }

    private void emit(long seq, int flags, byte[] payload) {
        int mss = (flags & SYN) != 0 ? wire.mss : 0;
        if (rcv == null || (flags & RST) != 0) {
            api.tcpTx(conn, wire.build(new Segment(seq, 0, flags, Receiver.WINDOW, payload, mss)));
            return;
        }
        long ack = rcv.nxt();
        rcv.onAcked();
        api.tcpTx(conn, wire.build(new Segment(seq, ack, flags | ACK, Receiver.WINDOW, payload, mss)));
    }
}
