package reference;

import static reference.Segment.FIN;
import static reference.Segment.PSH;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/** The receiving half of a connection: what is acceptable, in which order it goes on, and when to acknowledge it. */
final class Receiver {
    /** RCV.WND. What is in order goes straight to the application, so it never shrinks. */
    static final int WINDOW = 65_535;

    private static final long NONE = Long.MAX_VALUE;

    private long nxt; // RCV.NXT: the sequence number expected next
    private long fin = NONE; // where FIN is, once we have seen it
    private boolean ackDue; // an acknowledgment has to go out at once
    private int unacked; // bytes that came in order and were not acknowledged yet
    private final int mss;
    private final TreeMap<Long, byte[]> held = new TreeMap<>(); // came too early, by sequence number

    Receiver(long irs, int mss) {
        this.mss = mss;
        nxt = irs + 1;
    }

    long nxt() {
        return nxt;
    }

    boolean isAckDue() {
        return ackDue;
    }

    void requireAck() {
        ackDue = true;
    }

    /** Returns how many bytes are kept because they came too early. */
    int heldBytes() {
        return held.values().stream().mapToInt(piece -> piece.length).sum();
    }

    /** RFC 9293, Section 3.10.7.4, first check: does the segment touch the window? */
    boolean accepts(Segment seg) {
        if (seg.length() == 0) {
            return nxt <= seg.seq() && seg.seq() < nxt + WINDOW;
        }
        return seg.seq() < nxt + WINDOW && seg.seq() + seg.length() > nxt;
    }

    /**
     * Takes the text of an acceptable segment. Returns what can go to the application now: it may be more than came, or nothing.
     */
    byte[] take(Segment seg) {
        if (seg.has(FIN) && seg.seq() + seg.payload().length < nxt + WINDOW) {
            fin = seg.seq() + seg.payload().length;
        }
        byte[] payload = trim(seg);
        if (seg.seq() > nxt) {
            ackDue = true; // RFC 5681: "SHOULD send an immediate duplicate ACK": so the peer learns of the hole
            hold(seg.seq(), payload);
            return new byte[0];
        }
        boolean wasHole = !held.isEmpty();
        ByteArrayOutputStream ready = new ByteArrayOutputStream(payload.length);
        advance(seg.seq(), payload, ready);
        while (!held.isEmpty() && held.firstKey() <= nxt) {
            Map.Entry<Long, byte[]> next = held.pollFirstEntry();
            advance(next.getKey(), next.getValue(), ready);
        }
        if (fin == nxt) {
            nxt++; // FIN has a sequence number of its own
        }
        // RFC 5681, Section 4.2: "an ACK SHOULD be generated for at least every second full-sized segment"; others wait for the
        // next tick. Not so at a hole, nor when the peer pushes: then it may have nothing more to send until we answer.
        ackDue |= wasHole || seg.has(FIN) || seg.has(PSH) || unacked >= 2 * mss;
        return ready.toByteArray();
    }

    /** Has FIN come, and everything before it? */
    boolean hasFinished() {
        return nxt > fin;
    }

    /** RFC 9293, Section 3.8.6.3: "the delay MUST be less than 0.5 seconds". */
    void onTick() {
        ackDue |= unacked > 0;
    }

    /** A segment went out that carries RCV.NXT. */
    void onAcked() {
        ackDue = false;
        unacked = 0;
    }

    /** "trimming off any portions that lie outside the window", at its end. */
    private byte[] trim(Segment seg) {
        long fits = nxt + WINDOW - seg.seq();
        return fits >= seg.payload().length ? seg.payload() : Arrays.copyOf(seg.payload(), (int) fits);
    }

    private void advance(long seq, byte[] payload, ByteArrayOutputStream ready) {
        int known = (int) Math.min(nxt - seq, payload.length); // what we have already
        int fresh = payload.length - known;
        ready.write(payload, known, fresh);
        nxt += fresh;
        unacked += fresh;
    }

    /** Keeps what came too early, but nothing twice: so a peer that repeats itself does not fill our memory. */
    private void hold(long seq, byte[] payload) {
        Map.Entry<Long, byte[]> before = held.floorEntry(seq);
        long start = before == null ? seq : Math.max(seq, end(before)), end = seq + payload.length;
        for (Map.Entry<Long, byte[]> after; (after = held.ceilingEntry(start)) != null && after.getKey() < end;) {
            if (end(after) > end) {
                end = after.getKey();
            } else {
                held.remove(after.getKey());
            }
        }
        if (start < end) {
            held.put(start, Arrays.copyOfRange(payload, (int) (start - seq), (int) (end - seq)));
        }
    }

    private static long end(Map.Entry<Long, byte[]> piece) {
        return piece.getKey() + piece.getValue().length;
    }
}
