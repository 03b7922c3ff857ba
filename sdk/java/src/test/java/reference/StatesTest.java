package reference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static reference.Segment.ACK;
import static reference.Segment.FIN;
import static reference.Segment.PSH;
import static reference.Segment.RST;
import static reference.Segment.SYN;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** One connection, segment by segment. RFC 9293, Section 3.10.7, and what other RFCs add to it. */
class StatesTest {
    private static final String ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789";

    @Test
    void handshake() {
        Script t = new Script();
        t.connect();
        assertEquals(List.of("SYN seq=0 len=0"), t.sent());
        t.inject(SYN | ACK, 0, 1);
        assertEquals(List.of("ACK seq=1 ack=1 len=0"), t.sent());
        assertEquals(List.of("appConnected"), t.events());
    }

    @Test
    void wrongAnswersToSyn() {
        Script t = new Script();
        t.connect();
        t.sent();
        t.inject(SYN | ACK, 0, 7); // of another connection
        assertEquals(List.of("RST seq=7 len=0"), t.sent());
        t.inject(RST | ACK, 0, 7);
        t.inject(RST, 0, 1); // does not prove that it knows our SYN
        assertEquals(State.SYN_SENT, t.state());
        t.inject(RST | ACK, 0, 1);
        assertEquals(State.CLOSED, t.state());
        assertEquals(List.of("appPeerRst"), t.events());
    }

    @Test
    void unacceptableIsAcknowledged() {
        Script t = Script.established();
        t.inject(ACK, 70_000, 1, "beyond the window");
        assertEquals(List.of("ACK seq=1 ack=1 len=0"), t.sent());
        t.inject(ACK, 1, 1, "abc");
        t.pass(0.1);
        t.sent();
        t.inject(ACK, 1, 1, "abc");
        assertEquals(List.of("ACK seq=1 ack=4 len=0"), t.sent());
        assertEquals("abc", t.text());
    }

    /** RFC 5961: only the number that is expected next resets; others in the window are asked about. */
    @Test
    void resets() {
        Script t = Script.established();
        t.inject(RST, 70_000, 0);
        assertEquals(List.of(), t.sent());
        t.inject(RST, 2, 0);
        t.inject(SYN, 1, 0);
        assertEquals(List.of("ACK seq=1 ack=1 len=0", "ACK seq=1 ack=1 len=0"), t.sent());
        assertEquals(State.ESTABLISHED, t.state());
        t.inject(RST, 1, 0);
        assertEquals(State.CLOSED, t.state());
        assertEquals(List.of(), t.sent());
        assertEquals(List.of("appConnected", "appPeerRst"), t.events());
    }

    @Test
    void acknowledgmentOfTheUnsent() {
        Script t = Script.established();
        t.inject(ACK, 1, 500, "text");
        assertEquals(List.of("ACK seq=1 ack=1 len=0"), t.sent());
        assertEquals("", t.text());
    }

    /** RFC 5961, Section 5.2: an old acknowledgment must not be older than the widest window. */
    @Test
    void acknowledgmentTooOld() {
        Script t = Script.established();
        t.inject(ACK, 1, -70_000, "text");
        assertEquals(List.of("ACK seq=1 ack=1 len=0"), t.sent());
        assertEquals("", t.text());
    }

    /** What acknowledges has the next number, though what is before it is on its way. */
    @Test
    void acknowledgmentBehindWhatIsSent() {
        Script t = Script.established();
        t.send(100);
        t.sent();
        t.inject(ACK | PSH, 1, 1, "x");
        assertEquals(List.of("ACK seq=101 ack=2 len=0"), t.sent());
    }

    /** Segments may begin early, end late, come in any order, and contain each other. */
    @Test
    void overlap() {
        Script t = Script.established();
        int[][] early = {{15, 18}, {12, 24}, {13, 17}, {15, 30}, {6, 9}, {3, 7}, {27, 29}};
        for (int[] part : early) {
            t.inject(ACK, 1 + part[0], 1, ALPHABET.substring(part[0], part[1]));
            assertEquals(List.of("ACK seq=1 ack=1 len=0"), t.sent(), "a duplicate at once");
        }
        t.inject(ACK, 1, 1, ALPHABET.substring(0, 4));
        assertEquals(List.of("ACK seq=1 ack=10 len=0"), t.sent());
        t.inject(ACK, 6, 1, ALPHABET.substring(5, 13));
        assertEquals(List.of("ACK seq=1 ack=31 len=0"), t.sent());
        assertEquals(ALPHABET.substring(0, 30), t.text());
    }

    /** What is kept is never more than the window, whatever a peer sends. */
    @Test
    void nothingIsHeldTwice() {
        Receiver receiver = new Receiver(0, 1460);
        Random random = new Random(1);
        for (int i = 0; i < 2000; i++) {
            int seq = 2 + random.nextInt(Receiver.WINDOW);
            receiver.take(new Segment(seq, 0, ACK, 0, new byte[1 + random.nextInt(30_000)], 0));
        }
        assertTrue(receiver.heldBytes() < Receiver.WINDOW, receiver.heldBytes() + " bytes");
        assertTrue(receiver.heldBytes() > Receiver.WINDOW / 2, receiver.heldBytes() + " bytes");
    }

    @Test
    void textBeyondTheWindow() {
        Script t = Script.established();
        t.inject(ACK, 65_530, 1, "x".repeat(20)); // six fit
        t.inject(ACK, 1, 1, "x".repeat(65_529));
        assertEquals(65_535, t.text().length());
        assertEquals("ACK seq=1 ack=65536 len=0", t.sent().get(1));
    }

    @Test
    void finBeforeItsData() {
        Script t = Script.established();
        t.inject(ACK | FIN, 4, 1, "def");
        assertEquals(List.of("appConnected"), t.events());
        t.sent();
        t.inject(ACK, 1, 1, "abc");
        assertEquals("abcdef", t.text());
        assertEquals(List.of("appConnected", "appPeerFin"), t.events());
        assertEquals(List.of("ACK seq=1 ack=8 len=0"), t.sent());
        assertEquals(State.CLOSE_WAIT, t.state());
    }

    /** Whoever pushes may have nothing more to send until we answer. */
    @Test
    void pushedTextIsAcknowledged() {
        Script t = Script.established();
        t.inject(ACK | PSH, 1, 1, "x");
        assertEquals(List.of("ACK seq=1 ack=2 len=0"), t.sent());
    }

    @Test
    void delayedAcknowledgment() {
        Script t = Script.established();
        t.inject(ACK, 1, 1, "x".repeat(1460));
        assertEquals(List.of(), t.sent());
        t.inject(ACK, 1461, 1, "x".repeat(1460));
        assertEquals(List.of("ACK seq=1 ack=2921 len=0"), t.sent(), "every second segment");
        t.inject(ACK, 2921, 1, "x");
        assertEquals(List.of(), t.sent());
        t.pass(0.1);
        assertEquals(List.of("ACK seq=1 ack=2922 len=0"), t.sent(), "and at the next tick");
    }

    @Test
    void timeWait() {
        Script t = Script.established();
        t.finish();
        assertEquals(List.of("FIN|ACK seq=1 ack=1 len=0"), t.sent());
        t.inject(FIN | ACK, 1, 2);
        assertEquals(State.TIME_WAIT, t.state());
        assertEquals(List.of("ACK seq=2 ack=2 len=0"), t.sent());
        t.pass(1.5);
        t.inject(FIN | ACK, 1, 2);
        assertEquals(List.of("ACK seq=2 ack=2 len=0"), t.sent());
        t.pass(1.5);
        assertEquals(State.TIME_WAIT, t.state(), "it began anew");
        t.pass(1);
        assertEquals(State.CLOSED, t.state());
        assertEquals(List.of("appConnected", "appPeerFin", "releaseConnection"), t.events());
    }

    @Test
    void simultaneousClose() {
        Script t = Script.established();
        t.finish();
        t.inject(FIN | ACK, 1, 1);
        assertEquals(State.CLOSING, t.state());
        t.inject(ACK, 2, 2);
        assertEquals(State.TIME_WAIT, t.state());
    }

    @Test
    void passiveClose() {
        Script t = Script.established();
        t.inject(FIN | ACK, 1, 1);
        assertEquals(State.CLOSE_WAIT, t.state());
        assertEquals(List.of("ACK seq=1 ack=2 len=0"), t.sent());
        t.send(3);
        t.finish();
        assertEquals(List.of("ACK seq=1 ack=2 len=3", "FIN|ACK seq=4 ack=2 len=0"), t.sent());
        assertEquals(State.LAST_ACK, t.state());
        t.inject(ACK, 2, 5);
        assertEquals(List.of("appConnected", "appPeerFin", "releaseConnection"), t.events());
    }

    @Test
    void abort() {
        Script t = Script.established();
        t.send(3);
        t.sent();
        t.connection().abort();
        assertEquals(List.of("RST seq=4 len=0"), t.sent());
        t = new Script();
        t.connect();
        t.connection().abort();
        assertEquals(List.of("SYN seq=0 len=0"), t.sent(), "the peer knows nothing to forget");
    }

    @Test
    void abortInTimeWait() {
        Script t = Script.established();
        t.finish();
        t.inject(FIN | ACK, 1, 2);
        t.sent();
        t.connection().abort();
        assertEquals(List.of(), t.sent(), "the peer is done");
        assertEquals(State.CLOSED, t.state());
    }

    /** RFC 9293, Section 3.5, Figure 8: both ends have sent SYN at the same time. */
    @Test
    void simultaneousOpen() {
        Script t = new Script();
        t.connect();
        t.sent();
        t.inject(SYN, 0, 0);
        assertEquals(State.SYN_RECEIVED, t.state());
        assertEquals(List.of("SYN|ACK seq=0 ack=1 len=0"), t.sent());
        t.inject(ACK, 1, 1);
        assertEquals(State.ESTABLISHED, t.state());
        assertEquals(List.of("appConnected"), t.events());
    }

    @Test
    void finWhileConnecting() {
        Script t = new Script();
        t.connect();
        t.finish();
        t.sent();
        t.inject(SYN | ACK, 0, 1);
        assertEquals(List.of("FIN|ACK seq=1 ack=1 len=0"), t.sent());
        assertEquals(State.FIN_WAIT_1, t.state());
        assertEquals("FIN-WAIT-1", t.state().toString());
    }
}
