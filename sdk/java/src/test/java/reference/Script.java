package reference;

import static reference.Segment.ACK;
import static reference.Segment.FIN;
import static reference.Segment.RST;
import static reference.Segment.SYN;

import java.net.ProtocolException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;
import lab.Conn;

/**
 * One connection, whose peer is the test: inject is what the network brings, sent returns what it was given.
 *
 * <p>Numbers are relative: the SYN of either side is 0, its first byte is 1.
 */
final class Script extends Listener {
    private static final long ISS = 1000, IRS = 0xFFFF_FFF0L, MODULUS = 1L << 32;

    private Instant now = Instant.EPOCH;
    private final Connection connection = new Connection(new Conn(Network.A, Network.B), this, ISS);
    private final List<String> sent = new ArrayList<>();

    static Script established() {
        return established(65_535, 1460);
    }

    static Script established(int window, int mss) {
        Script script = new Script();
        script.connection.connect(script.now);
        script.inject(SYN | ACK, 0, 1, window, new byte[0], mss);
        script.sent();
        return script;
    }

    Connection connection() {
        return connection;
    }

    State state() {
        return connection.state();
    }

    Duration time() {
        return Duration.between(Instant.EPOCH, now);
    }

    /** Returns what was sent since the last call, such as "SYN|ACK seq=0 ack=1 len=0". */
    List<String> sent() {
        List<String> out = List.copyOf(sent);
        sent.clear();
        return out;
    }

    void inject(int flags, long seq, long ack) {
        inject(flags, seq, ack, 65_535);
    }

    void inject(int flags, long seq, long ack, int window) {
        inject(flags, seq, ack, window, new byte[0], 0);
    }

    void inject(int flags, long seq, long ack, String text) {
        inject(flags, seq, ack, 65_535, text.getBytes(), 0);
    }

    void inject(int flags, long seq, long ack, int window, byte[] payload, int mss) {
        connection.onSegment(asSent(flags, seq, ack, window, payload, mss), now);
    }

    /** Somebody calls. */
    void accept(int flags, long seq, long ack, String text) {
        connection.accept(asSent(flags, seq, ack, 65_535, text.getBytes(), 1460), now);
    }

    /** Returns a segment with the numbers that it has on the wire. */
    private static Segment asSent(int flags, long seq, long ack, int window, byte[] payload, int mss) {
        return new Segment((IRS + seq) % MODULUS, (ISS + ack) % MODULUS, flags, window, payload, mss);
    }

    void connect() {
        connection.connect(now);
    }

    void send(int bytes) {
        connection.send(new byte[bytes], now);
    }

    void finish() {
        connection.finish(now);
    }

    /** Lets time pass, with ticks. */
    void pass(double seconds) {
        for (long ticks = Math.round(seconds * 10); ticks > 0; ticks--) {
            now = now.plusMillis(100);
            connection.onTick(now);
        }
    }

    @Override
    public void tcpTx(Conn conn, byte[] bytes) {
        try {
            sent.add(print(connection.wire().parse(bytes)));
        } catch (ProtocolException e) {
            throw new AssertionError("it builds what it cannot parse", e);
        }
    }

    private static String print(Segment segment) {
        StringJoiner flags = new StringJoiner("|");
        if (segment.has(SYN)) {
            flags.add("SYN");
        }
        if (segment.has(FIN)) {
            flags.add("FIN");
        }
        if (segment.has(RST)) {
            flags.add("RST");
        }
        if (segment.has(ACK)) {
            flags.add("ACK");
        }
        String ack = segment.has(ACK) ? " ack=" + Math.floorMod(segment.ack() - IRS, MODULUS) : "";
        return flags + " seq=" + Math.floorMod(segment.seq() - ISS, MODULUS) + ack + " len=" + segment.payload().length;
    }
}
