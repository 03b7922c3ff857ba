package reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.fail;
import static reference.Segment.ACK;
import static reference.Segment.RST;
import static reference.Segment.SYN;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ProtocolException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Random;
import lab.Conn;
import lab.Endpoint;
import lab.Vectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Headers, options, checksums, and numbers that wrap. */
class WireTest {
    private static final Conn IPV4 = new Conn(Network.A, Network.B);
    private static final Conn IPV6 = new Conn(new Endpoint("fd07::1", 61084), new Endpoint("fd07::2", 80));

    private static void assertSame(Segment want, Segment got) {
        assertArrayEquals(want.payload(), got.payload());
        assertEquals(new Segment(want.seq(), want.ack(), want.flags(), want.window(), got.payload(), want.mss()), got);
    }

    @Test
    void golden() throws IOException {
        Vectors.Vector vector = Vectors.golden().stream().filter(v -> v.name().equals("tcp_tx")).findAny().orElseThrow();
        Wire wire = new Wire(vector.conn());
        Segment syn = wire.parse(vector.bytes());
        assertSame(new Segment(1000, 0, SYN, 12_288, new byte[0], 1460), syn);
        assertArrayEquals(vector.bytes(), wire.build(syn));
    }

    @Test
    void roundTrip() throws IOException {
        Random random = new Random(1);
        for (Conn conn : new Conn[] {IPV4, IPV6}) {
            Wire there = new Wire(new Conn(conn.dst(), conn.src())); // the peer computes over the same addresses
            for (int size = 0; size < 65_000; size = size < 20 ? size + 1 : size * 3) {
                byte[] payload = new byte[size];
                random.nextBytes(payload);
                Segment segment = new Segment(random.nextLong(1L << 32), random.nextLong(1L << 32), ACK, 7, payload, 0);
                byte[] bytes = new Wire(conn).build(segment);
                assertEquals(0xFFFF, rfc1071(conn, bytes));
                assertSame(segment, there.parse(bytes));
            }
        }
    }

    /** The checksum as RFC 1071 describes it, word by word. */
    private static int rfc1071(Conn conn, byte[] segment) throws IOException {
        byte[] src = InetAddress.getByName(conn.src().ip()).getAddress();
        byte[] dst = InetAddress.getByName(conn.dst().ip()).getAddress();
        ByteBuffer all = ByteBuffer.allocate(src.length + dst.length + 8 + segment.length + segment.length % 2);
        all.put(src).put(dst).putInt(6).putInt(segment.length).put(segment).rewind();
        int sum = 0;
        while (all.hasRemaining()) {
            sum += all.getShort() & 0xFFFF;
            sum = (sum & 0xFFFF) + (sum >> 16);
        }
        return sum;
    }

    @Test
    void damage() {
        Wire wire = new Wire(IPV4);
        byte[] bytes = wire.build(new Segment(1, 2, ACK, 3, "some bytes of text".getBytes(), 0));
        for (int bit = 0; bit < 8 * bytes.length; bit++) {
            byte[] damaged = bytes.clone();
            damaged[bit / 8] ^= (byte) (1 << bit % 8);
            assertThrows(ProtocolException.class, () -> wire.parse(damaged), "bit " + bit);
        }
        for (int size = 0; size < bytes.length; size++) {
            byte[] cut = Arrays.copyOf(bytes, size);
            assertThrows(ProtocolException.class, () -> wire.parse(cut), size + " bytes");
        }
    }

    /** A sum of zero: the checksum is then all ones or all zeros, which mean the same. */
    @Test
    void sumOfZero() throws IOException {
        Wire wire = new Wire(IPV4);
        for (int low = 0; low <= 0xFFFF; low++) {
            byte[] bytes = wire.build(new Segment(low, 0, ACK, 0));
            if (bytes[16] == bytes[17] && (bytes[16] == 0 || bytes[16] == -1)) {
                wire.parse(bytes);
                return;
            }
        }
        fail("no such segment");
    }

    @ParameterizedTest
    @CsvSource({"'', 0", "020405b4, 1460", "0101020405b4, 1460", "0300, 0", "02, 0", "0203ff, 0", "00020405b4, 0",
            "080a0000000000000000020400d8, 216", "020405, 0", "0301, 0", "fe0402040204ffff, 65535"})
    void options(String hex, int want) {
        assertEquals(want, Wire.findMss(ByteBuffer.wrap(HexFormat.of().parseHex(hex))));
    }

    @Test
    void unwrap() {
        for (long near : new long[] {0, 5, 1L << 31, (1L << 32) - 1, 1L << 32, 7 * (1L << 32) + 3}) {
            for (long distance : new long[] {-(1L << 31), -70_000, -1, 0, 1, 70_000, (1L << 31) - 1}) {
                long number = Math.floorMod(near + distance, 1L << 32);
                assertEquals(near + distance, SequenceNumbers.unwrap(number, near), number + " near " + near);
            }
        }
    }

    @Test
    void resets() {
        assertEquals(Optional.empty(), new Segment(1, 2, RST, 0).reset());
        byte[] text = "abc".getBytes();
        assertSame(new Segment(77, 0, RST, 0), new Segment(1, 77, ACK, 0, text, 0).reset().orElseThrow());
        assertSame(new Segment(0, 5, RST | ACK, 0), new Segment(1, 0, SYN, 0, text, 0).reset().orElseThrow());
    }
}
