package reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reference.Network.Quality;

/** The reference against itself, over networks that misbehave, in virtual time. */
class TransferTest {
    private static final int MB = 1_000_000;
    private static final List<String> CLOSED_WELL = List.of("appConnected", "appPeerFin", "releaseConnection");

    /** Sends up bytes to the right and down bytes to the left, closes, and checks that all of it arrived. */
    private static Network transfer(Quality quality, long seed, int up, int down) {
        Network network = new Network(quality, seed).connect();
        Map<Host, byte[]> data = Map.of(network.left, random(seed, up), network.right, random(~seed, down));
        data.forEach((host, text) -> {
            for (int at = 0; at < text.length; at += 1460) { // as the driver hands it over
                host.connection().send(Arrays.copyOfRange(text, at, Math.min(text.length, at + 1460)), network.now());
            }
            host.connection().finish(network.now());
        });
        network.run(() -> network.left.connection().isClosed() && network.right.connection().isClosed(), Duration.ofHours(1));
        assertArrayEquals(data.get(network.left), network.right.received(), network::toString);
        assertArrayEquals(data.get(network.right), network.left.received(), network::toString);
        assertEquals(CLOSED_WELL, network.left.events(), network::toString);
        assertEquals(CLOSED_WELL, network.right.events(), network::toString);
        return network;
    }

    private static byte[] random(long seed, int size) {
        byte[] bytes = new byte[size];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    @Test
    void large() {
        Network network = transfer(Quality.GOOD, 1, 3 * MB, 10 * MB);
        assertTrue(network.now().isBefore(Instant.EPOCH.plusSeconds(20)), "two round trips per window, at most: " + network);
    }

    @Test
    void largeOnABadPath() {
        Network network = transfer(Quality.bad(0.005, 0.01, 0.001, 0.01), 2, 3 * MB, 10 * MB);
        assertTrue(network.damaged() > 5, network.damaged() + " damaged");
    }

    @Test
    void seeds() {
        int damaged = 0;
        for (int seed = 0; seed < 300; seed++) {
            damaged += transfer(Quality.bad(0.03, 0.03, 0.02, 0.1), seed, 40_000, 60_000).damaged();
        }
        assertTrue(damaged > 300, damaged + " damaged");
    }

    /** SYN, SYN-ACK, or the ACK after them. */
    @ParameterizedTest
    @CsvSource({"true, 1", "false, 1", "true, 2"})
    void handshakeSegmentLost(boolean left, int nth) {
        Network network = new Network(Quality.GOOD, 1);
        Host host = left ? network.left : network.right;
        host.drop = segment -> host.sent() == nth;
        network.left.connection().connect(network.now());
        network.run(() -> network.left.events().contains("appConnected"), Duration.ofSeconds(10));
        network.left.connection().send("hello".getBytes(), network.now());
        network.run(() -> network.right.receivedBytes() == 5, Duration.ofSeconds(10));
    }

    /** RFC 9293, Figure 8. */
    @Test
    void simultaneousOpen() {
        Network network = new Network(Quality.GOOD, 1);
        network.right.connection().connect(network.now());
        network.connect();
        network.right.connection().send("hello".getBytes(), network.now());
        network.run(() -> network.left.receivedBytes() == 5, Duration.ofSeconds(5));
    }

    /** Whether the other end closes at once or how much later, and whether the first FIN is lost. */
    @ParameterizedTest
    @CsvSource({"0, false", "5, false", "20, false", "1000, false", "0, true", "5, true", "20, true", "1000, true"})
    void everyOrderOfClosing(int secondAfterMillis, boolean lose) {
        Network network = new Network(Quality.GOOD, 1).connect();
        Connection left = network.left.connection(), right = network.right.connection();
        int[] fins = {0};
        network.left.drop = segment -> segment.has(Segment.FIN) && fins[0]++ == 0 && lose;
        left.finish(network.now());
        Instant second = network.now().plusMillis(secondAfterMillis);
        network.run(() -> !network.now().isBefore(second), Duration.ofSeconds(2));
        right.send("the rest".getBytes(), network.now());
        right.finish(network.now());
        network.run(() -> left.isClosed() && right.isClosed(), Duration.ofSeconds(20));
        assertEquals("the rest", new String(network.left.received()));
        assertEquals(CLOSED_WELL, network.left.events());
        assertEquals(CLOSED_WELL, network.right.events());
        assertTrue(lose ? fins[0] > 1 : fins[0] == 1, fins[0] + " FINs");
    }

    @Test
    void lastAcknowledgmentLost() {
        Network network = new Network(Quality.GOOD, 1).connect();
        Connection left = network.left.connection(), right = network.right.connection();
        right.finish(network.now());
        network.run(() -> network.left.events().contains("appPeerFin"), Duration.ofSeconds(1));
        int[] last = {0};
        network.right.drop = segment -> right.state() == State.TIME_WAIT && last[0]++ == 0;
        left.finish(network.now());
        network.run(left::isClosed, Duration.ofSeconds(3));
        assertEquals(2, last[0]);
        assertEquals(State.TIME_WAIT, right.state());
    }

    @Test
    void abort() {
        Network network = new Network(Quality.GOOD, 1).connect();
        network.left.connection().send("hello".getBytes(), network.now());
        network.left.connection().abort();
        network.run(network.right.connection()::isClosed, Duration.ofSeconds(1));
        assertEquals(List.of("appConnected", "appPeerRst"), network.right.events());
    }
}
