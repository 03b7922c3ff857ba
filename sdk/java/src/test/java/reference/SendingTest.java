package reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static reference.Segment.ACK;
import static reference.Segment.PSH;
import static reference.Segment.SYN;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reference.Network.Quality;

/** What the reference sends and when: windows, timeouts, losses. */
class SendingTest {
    @ParameterizedTest
    @CsvSource({"1460, 1460", "500, 500", "9000, 1460", "0, 536"})
    void mss(int announced, int want) {
        Script t = Script.established(65_535, announced);
        t.send(3000);
        assertEquals("ACK seq=1 ack=1 len=" + want, t.sent().get(0));
    }

    @Test
    void window() {
        Script t = Script.established(2000, 1460);
        t.send(5000);
        assertEquals(List.of("ACK seq=1 ack=1 len=1460"), t.sent(), "the rest of the window is a crumb");
        t.inject(ACK, 1, 1461, 3540);
        assertEquals(
                List.of("ACK seq=1461 ack=1 len=1460", "ACK seq=2921 ack=1 len=1460", "ACK seq=4381 ack=1 len=620"), t.sent());
    }

    @Test
    void oldSegmentDoesNotSetTheWindow() {
        Script t = Script.established();
        t.inject(ACK, 4, 1, 3000, "def".getBytes(), 0);
        assertEquals(3000, t.connection().snd().window().size());
        t.inject(ACK, 1, 1, 9, "abc".getBytes(), 0); // begins before the one above
        assertEquals(3000, t.connection().snd().window().size());
    }

    @Test
    void zeroWindow() {
        Script t = Script.established(0, 1460);
        t.send(5);
        assertEquals(List.of(), t.sent());
        for (int minute = 0; minute < 5; minute++) {
            t.pass(61);
            assertEquals(Set.of("ACK seq=1 ack=1 len=1"), Set.copyOf(t.sent()), "probes");
            t.inject(ACK, 1, 1, 0); // it did not take the byte
        }
        t.inject(ACK, 1, 1, 100);
        assertEquals(List.of("ACK seq=1 ack=1 len=5"), t.sent(), "the byte of the probe goes again");
        t.pass(1.1);
        assertEquals(1, t.sent().size(), "the time of waiting says nothing of the network");
        t.inject(ACK, 1, 6);
        t.pass(200);
        assertEquals(List.of(), t.sent());
        assertEquals(State.ESTABLISHED, t.state());
    }

    @Test
    void probeThatIsTaken() {
        Script t = Script.established(0, 1460);
        t.send(5);
        t.pass(1.1);
        t.sent();
        t.inject(ACK, 1, 2, 100);
        assertEquals(List.of("ACK seq=2 ack=1 len=4"), t.sent());
    }

    /** FIN takes its turn like a byte. */
    @Test
    void finIntoAZeroWindow() {
        Script t = Script.established(0, 1460);
        t.finish();
        assertEquals(List.of(), t.sent());
        t.pass(1.1);
        assertEquals(List.of("FIN|ACK seq=1 ack=1 len=0"), t.sent());
        t.inject(ACK, 1, 2, 0);
        assertEquals(State.FIN_WAIT_2, t.state());
    }

    /** RFC 6298, Section 5.3: "When an ACK is received that acknowledges new data, restart the retransmission timer". */
    @Test
    void progressRestartsTheTimer() {
        Script t = Script.established();
        t.send(2000);
        t.pass(0.8);
        t.inject(ACK, 1, 1461);
        t.sent();
        t.pass(0.8);
        assertEquals(List.of(), t.sent());
        t.pass(0.3);
        assertEquals(List.of("ACK seq=1461 ack=1 len=540"), t.sent());
    }

    /** RFC 9293, Section 3.9.1.2: we "MUST set the PSH bit in the last buffered segment". */
    @Test
    void lastSegmentIsPushed() {
        Sender sender = new Sender(0);
        List<Integer> flags = new ArrayList<>();
        Sender.Output out = (seq, bits, payload) -> flags.add(bits);
        sender.transmit(Instant.EPOCH, out);
        sender.begin(1000);
        sender.onAck(new Segment(0, 1, SYN | ACK, 65_535), Instant.EPOCH);
        sender.push(new byte[2500]);
        sender.transmit(Instant.EPOCH, out);
        assertEquals(List.of(SYN, 0, 0, PSH), flags);
    }

    @Test
    void timeoutBacksOffAndGivesUp() {
        Script t = Script.established();
        t.send(5);
        List<Long> times = new ArrayList<>();
        while (t.state() == State.ESTABLISHED) {
            t.pass(0.1);
            t.sent().forEach(segment -> times.add(t.time().toSeconds()));
            assertTrue(t.time().toSeconds() < 200, "it never gives up");
        }
        assertEquals(List.of(0L, 1L, 3L, 7L, 15L, 31L, 63L), times);
        assertEquals(List.of("appConnected", "appPeerRst"), t.events());
        assertTrue(t.time().toSeconds() >= 100);
    }

    @Test
    void synTimeout() {
        Script t = new Script();
        t.connect();
        t.pass(3.1);
        assertEquals(List.of("SYN seq=0 len=0", "SYN seq=0 len=0", "SYN seq=0 len=0"), t.sent());
        t.pass(176);
        assertEquals(State.SYN_SENT, t.state(), "three minutes at least");
        t.pass(120);
        assertEquals(State.CLOSED, t.state());
        assertEquals(List.of("appPeerRst"), t.events());
    }

    @Test
    void lostSynCostsTheInitialWindow() {
        Script t = new Script();
        t.connect();
        t.pass(1.1);
        t.inject(SYN | ACK, 0, 1, 65_535, new byte[0], 1460);
        t.sent();
        t.send(20_000);
        assertEquals(1, t.sent().size());
    }

    @Test
    void slowStart() {
        Script t = Script.established();
        t.send(60_000);
        assertEquals(10, t.sent().size(), "RFC 6928");
        t.inject(ACK, 1, 1 + 2 * 1460);
        assertEquals(3, t.sent().size(), "two have left, and the window has grown by one");
    }

    @Test
    void congestionAvoidance() {
        Congestion congestion = new Congestion(1000, 0, false);
        congestion.onTimeout(20_000, 1, true);
        for (int ack = 0; ack < 9; ack++) {
            congestion.onAck(ack, 1000, 0);
        }
        assertEquals(10_000, congestion.cwnd(), "slow start up to half of what was on its way");
        for (int ack = 0; ack < 10; ack++) {
            congestion.onAck(ack, 1000, 0);
        }
        assertEquals(11_000, congestion.cwnd(), "one segment in a round trip");
    }

    @Test
    void secondTimeoutHalvesNothing() {
        Congestion congestion = new Congestion(1000, 0, false);
        congestion.onTimeout(20_000, 1, true);
        congestion.onTimeout(1000, 1, false);
        for (int ack = 0; ack < 10; ack++) {
            congestion.onAck(ack, 1000, 0);
        }
        assertEquals(10_000, congestion.cwnd(), "slow start goes as far as after the first");
    }

    @Test
    void recovery() {
        Congestion congestion = new Congestion(1000, 0, false);
        boolean[] again = new boolean[4];
        for (int i = 0; i < 4; i++) {
            again[i] = congestion.onDuplicate(1, 10_000, 10_001);
        }
        assertArrayEquals(new boolean[] {false, false, true, false}, again);
        assertEquals(9000, congestion.cwnd(), "half, and the four that have arrived");
        assertFalse(congestion.onAck(10_001, 10_000, 8000));
        assertEquals(5000, congestion.cwnd(), "half");
        for (int i = 0; i < 4; i++) {
            assertFalse(congestion.onDuplicate(10_001, 5000, 15_001), "echoes of what was sent again");
        }
    }

    @Test
    void fastRetransmit() {
        Script t = Script.established();
        t.send(14_600);
        t.sent();
        for (int duplicates = 1; duplicates <= 5; duplicates++) {
            t.inject(ACK, 1, 1);
            assertEquals(duplicates == 3 ? List.of("ACK seq=1 ack=1 len=1460") : List.of(), t.sent());
        }
        t.inject(ACK, 1, 1 + 4 * 1460); // up to a second hole
        assertEquals(List.of("ACK seq=5841 ack=1 len=1460"), t.sent());
        t.inject(ACK, 1, 14_601);
        assertEquals(List.of(), t.sent());
        assertFalse(t.connection().snd().congestion().isRecovering());
    }

    @Test
    void timeoutGoesBack() {
        Script t = Script.established();
        t.send(5 * 1460);
        t.sent();
        t.pass(1.1);
        assertEquals(List.of("ACK seq=1 ack=1 len=1460"), t.sent(), "one segment");
        t.inject(ACK, 1, 1 + 2 * 1460);
        assertEquals(2, t.sent().size(), "then two");
        t.inject(ACK, 1, 1 + 5 * 1460);
        assertEquals(List.of(), t.sent());
        assertEquals(0, t.connection().snd().size());
    }

    @Test
    void roundTripTime() {
        RoundTrip estimate = new RoundTrip();
        assertEquals(Duration.ofSeconds(1), estimate.rto());
        assertNull(estimate.srtt());
        estimate.sample(Duration.ofSeconds(2));
        assertEquals(Duration.ofSeconds(2), estimate.srtt());
        assertEquals(Duration.ofSeconds(6), estimate.rto(), "SRTT + 4 * RTTVAR");
        estimate.sample(Duration.ofSeconds(1));
        assertEquals(Duration.ofMillis(1875), estimate.srtt());
        estimate.backOff();
        assertEquals(Duration.ofMillis(2 * (1875 + 4000)), estimate.rto());
        for (int i = 0; i < 100; i++) {
            estimate.sample(Duration.ofMillis(10));
        }
        assertEquals(Duration.ofSeconds(1), estimate.rto());
    }

    @Test
    void roundTripIsMeasured() {
        Network network = new Network(new Quality(Duration.ofMillis(400), 0, 0, 0, 0), 1).connect();
        network.left.connection().send(new byte[100_000], network.now());
        network.run(() -> network.right.receivedBytes() == 100_000, Duration.ofSeconds(30));
        long srtt = network.left.connection().snd().roundTrip().srtt().toMillis();
        assertTrue(srtt >= 700 && srtt <= 900, srtt + " ms");
        assertTrue(network.left.sent() < 85, "no timeout that was not due: " + network.left.sent());
    }

    @Test
    void karn() {
        Script t = Script.established();
        Duration before = t.connection().snd().roundTrip().srtt();
        t.send(5);
        t.pass(1.1);
        t.inject(ACK, 1, 6);
        assertEquals(before, t.connection().snd().roundTrip().srtt(), "of which of the two?");
    }
}
