package reference;

/** The window in which the peer lets us send, counted from SND.UNA. RFC 9293, Section 3.3.1: SND.WND, SND.WL1, SND.WL2. */
final class Window {
    private int size;
    private int widest; // that it ever was
    private long wl1, wl2; // SEG.SEQ and SEG.ACK of the segment that set it

    int size() {
        return size;
    }

    int widest() {
        return widest;
    }

    boolean isOpen() {
        return size > 0;
    }

    /**
     * Takes the window of a segment, if that is not older than what we know. Returns whether it has opened.
     *
     * <p>RFC 9293, Section 3.10.7.4: "If (SND.WL1 &lt; SEG.SEQ or (SND.WL1 = SEG.SEQ and SND.WL2 =&lt; SEG.ACK)), set SND.WND &lt;-
     * SEG.WND".
     */
    boolean update(Segment seg) {
        if (wl1 > seg.seq() || (wl1 == seg.seq() && wl2 > seg.ack())) {
            return false;
        }
        boolean opens = size == 0 && seg.window() > 0;
        size = seg.window();
        widest = Math.max(widest, size);
        wl1 = seg.seq();
        wl2 = seg.ack();
        return opens;
    }
}
