package reference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static reference.Segment.ACK;
import static reference.Segment.FIN;
import static reference.Segment.RST;
import static reference.Segment.SYN;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Connections that others begin, segment by segment: RFC 9293, Section 3.10.7.2 and what follows of Section 3.10.7.4. */
class CalledTest {
    private final Script t = new Script();

    private void ring() {
        t.accept(SYN, 0, 0, "");
        assertEquals(List.of("SYN|ACK seq=0 ack=1 len=0"), t.sent());
        assertEquals(State.SYN_RECEIVED, t.state());
    }

    @Test
    void handshake() {
        ring();
        assertEquals(List.of(), t.events(), "nobody knows yet whether the caller exists");
        t.inject(ACK, 1, 1);
        assertEquals(State.ESTABLISHED, t.state());
        assertEquals(List.of("peerConnected"), t.events());
    }

    @Test
    void firstAckWithTextAndFin() {
        ring();
        t.inject(ACK | FIN, 1, 1, "all at once");
        assertEquals(List.of("peerConnected", "appPeerFin"), t.events());
        assertEquals("all at once", t.text());
        assertEquals(State.CLOSE_WAIT, t.state());
    }

    @Test
    void textWithoutAcknowledgment() {
        ring();
        t.inject(0, 1, 1, "early");
        assertEquals(State.SYN_RECEIVED, t.state());
        assertEquals("", t.text());
    }

    @Test
    void synWithText() {
        t.accept(SYN, 0, 0, "early");
        assertEquals(List.of("SYN|ACK seq=0 ack=1 len=0"), t.sent());
        t.inject(ACK, 1, 1, "early and again");
        assertEquals("early and again", t.text());
    }

    @Test
    void answerIsLost() {
        ring();
        for (double wait : new double[] {1, 2, 4}) {
            t.pass(wait - 0.1);
            assertEquals(List.of(), t.sent());
            t.pass(0.1);
            assertEquals(List.of("SYN|ACK seq=0 ack=1 len=0"), t.sent());
        }
        t.inject(SYN, 0, 0);
        assertEquals(List.of("ACK seq=1 ack=1 len=0"), t.sent(), "as to whatever is not acceptable");
        t.inject(ACK, 1, 1);
        assertEquals(List.of("peerConnected"), t.events());
    }

    @Test
    void nobodyAnswers() {
        ring();
        t.pass(300);
        assertEquals(State.CLOSED, t.state());
        assertEquals(List.of("appPeerRst"), t.events());
    }

    @Test
    void callerResets() {
        ring();
        t.inject(RST, 70_000, 0);
        assertEquals(State.SYN_RECEIVED, t.state(), "not in the window");
        t.inject(RST, 1, 0);
        assertEquals(State.CLOSED, t.state());
        assertEquals(List.of(), t.sent());
        assertEquals(List.of("appPeerRst"), t.events());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 2, 500})
    void acknowledgmentOfAnotherConnection(int ack) {
        ring();
        t.inject(ACK, 1, ack);
        assertEquals(State.SYN_RECEIVED, t.state());
        assertEquals(List.of("RST seq=" + ack + " len=0"), t.sent());
    }

    /** The listener refuses, or the driver has waited for long enough. */
    @Test
    void applicationIsNotThere() {
        ring();
        t.connection().abort();
        assertEquals(State.CLOSED, t.state());
        assertEquals(List.of("RST seq=1 len=0"), t.sent());
    }

    @Test
    void calledByAnAcknowledgment() {
        t.accept(SYN | ACK, 0, 7, "");
        assertEquals(List.of("RST seq=7 len=0"), t.sent());
        assertEquals(List.of("releaseConnection"), t.events());
    }

    @ParameterizedTest
    @ValueSource(ints = {RST, SYN | RST, RST | ACK, FIN})
    void calledByWhatIsNoSyn(int flags) {
        t.accept(flags, 0, 7, "");
        assertEquals(State.CLOSED, t.state());
        assertEquals(List.of(), t.sent());
        assertEquals(List.of("releaseConnection"), t.events());
    }

    @Test
    void close() {
        ring();
        t.inject(ACK, 1, 1);
        t.finish();
        assertEquals(List.of("FIN|ACK seq=1 ack=1 len=0"), t.sent());
        t.inject(FIN | ACK, 1, 2);
        t.pass(3);
        assertEquals(List.of("peerConnected", "appPeerFin", "releaseConnection"), t.events());
    }
}
