package reference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static reference.Segment.ACK;
import static reference.Segment.FIN;
import static reference.Segment.RST;
import static reference.Segment.SYN;

import java.net.ProtocolException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import lab.Api;
import lab.Conn;
import org.junit.jupiter.api.Test;

/** Which connection a message is for, and what happens without one. */
class OutgoingTest {
    private static final Conn CONN = new Conn(Network.A, Network.B), BACK = new Conn(Network.B, Network.A);

    private final Driver driver = new Driver();
    private Instant now = Instant.EPOCH.plusSeconds(1_000_000_000);
    private final Outgoing outgoing = new Outgoing(driver, () -> now);

    /** Notes what it is told. */
    private static final class Driver implements Api {
        final List<String> said = new ArrayList<>();
        final List<Segment> sent = new ArrayList<>();

        @Override
        public void appConnected(Conn conn) {
            said.add("appConnected");
        }

        @Override
        public void peerConnected(Conn conn) {
            said.add("peerConnected");
        }

        @Override
        public void appRecv(Conn conn, byte[] data) {
            said.add("appRecv " + new String(data));
        }

        @Override
        public void appPeerFin(Conn conn) {
            said.add("appPeerFin");
        }

        @Override
        public void appPeerRst(Conn conn) {
            said.add("appPeerRst");
        }

        @Override
        public void releaseConnection(Conn conn) {
            said.add("releaseConnection");
        }

        @Override
        public void tcpTx(Conn conn, byte[] segment) {
            try {
                sent.add(new Wire(conn).parse(segment));
            } catch (ProtocolException e) {
                throw new AssertionError(e);
            }
        }
    }

    private void rx(int flags, long seq, long ack, String text) {
        outgoing.tcpRx(CONN, new Wire(BACK).build(new Segment(seq, ack, flags, 65_535, text.getBytes(), 0)));
    }

    @Test
    void session() {
        outgoing.appConnect(CONN);
        long iss = driver.sent.get(0).seq();
        rx(SYN | ACK, 500, iss + 1, "");
        outgoing.appSend(CONN, "GET /".getBytes());
        rx(ACK, 501, iss + 6, "page");
        rx(ACK | FIN, 505, iss + 6, "");
        outgoing.appFin(CONN);
        rx(ACK, 506, iss + 7, "");
        assertEquals(List.of("appConnected", "appRecv page", "appPeerFin", "releaseConnection"), driver.said);
        assertEquals(0, outgoing.size());
    }

    @Test
    void call() {
        outgoing.peerConnect(CONN, new Wire(BACK).build(new Segment(500, 0, SYN, 65_535)));
        Segment answer = driver.sent.get(0);
        assertEquals(SYN | ACK, answer.flags());
        assertEquals(501, answer.ack());
        rx(SYN, 500, 0, "");
        rx(ACK, 501, answer.seq() + 1, "GET /");
        outgoing.appSend(CONN, "page".getBytes());
        outgoing.appFin(CONN);
        rx(ACK | FIN, 506, answer.seq() + 6, "");
        assertEquals(List.of("peerConnected", "appRecv GET /", "appPeerFin"), driver.said);
        outgoing.appRst(CONN);
        assertEquals(0, outgoing.size());
    }

    @Test
    void noCall() {
        outgoing.peerConnect(CONN, new Wire(BACK).build(new Segment(500, 0, RST, 65_535)));
        assertEquals(List.of("releaseConnection"), driver.said);
        assertEquals(List.of(), driver.sent);
        assertEquals(0, outgoing.size());
    }

    @Test
    void damagedCall() {
        byte[] damaged = new Wire(BACK).build(new Segment(500, 0, SYN, 65_535));
        damaged[4] ^= 1;
        outgoing.peerConnect(CONN, damaged);
        outgoing.peerConnect(CONN, new byte[12]);
        assertEquals(List.of("releaseConnection", "releaseConnection"), driver.said);
        assertEquals(List.of(), driver.sent);
        assertEquals(0, outgoing.size());
    }

    @Test
    void timeWaitEnds() {
        outgoing.appConnect(CONN);
        long iss = driver.sent.get(0).seq();
        rx(SYN | ACK, 500, iss + 1, "");
        outgoing.appFin(CONN);
        rx(ACK | FIN, 501, iss + 2, "");
        assertEquals(1, outgoing.size());
        now = now.plusSeconds(3);
        outgoing.tick();
        assertEquals(List.of("appConnected", "appPeerFin", "releaseConnection"), driver.said);
        assertEquals(0, outgoing.size());
    }

    @Test
    void straySegment() {
        rx(ACK, 7, 9, "");
        assertEquals(1, driver.sent.size());
        assertEquals(9, driver.sent.get(0).seq());
        assertEquals(RST, driver.sent.get(0).flags());
        rx(RST, 7, 9, "");
        assertEquals(1, driver.sent.size());
    }

    @Test
    void damagedSegment() {
        byte[] segment = new Wire(BACK).build(new Segment(7, 9, ACK, 0));
        segment[4] ^= 1;
        outgoing.tcpRx(CONN, segment);
        assertEquals(List.of(), driver.sent);
    }

    @Test
    void unknownConnection() {
        outgoing.appSend(CONN, new byte[] {1});
        outgoing.appFin(CONN);
        outgoing.appRst(CONN);
        outgoing.tick();
        assertEquals(List.of(), driver.sent);
        assertEquals(List.of(), driver.said);
    }

    @Test
    void resetByTheApplication() {
        outgoing.appConnect(CONN);
        outgoing.appRst(CONN);
        assertEquals(0, outgoing.size());
    }

    @Test
    void initialSequenceNumbers() {
        SequenceNumbers numbers = new SequenceNumbers();
        long first = numbers.initial(CONN, now);
        assertEquals((first + 250_000) % (1L << 32), numbers.initial(CONN, now.plusSeconds(1)));
        assertNotEquals(first, numbers.initial(BACK, now));
        assertNotEquals(first, new SequenceNumbers().initial(CONN, now), "the secret");
    }
}
