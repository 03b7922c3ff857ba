package lab;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.ProtocolException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The codec against the vectors that all SDKs share. */
class CodecTest {
    private static String hex(ByteBuffer datagram) {
        byte[] bytes = new byte[datagram.remaining()];
        datagram.get(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    @Test
    void golden() throws IOException {
        List<Vectors.Vector> golden = Vectors.golden();
        assertTrue(golden.size() > 20, golden.size() + " vectors");
        for (Vectors.Vector want : golden) {
            Message got = Codec.decode(ByteBuffer.wrap(want.datagram()));
            assertEquals(want.conn(), got.conn(), want.name());
            assertArrayEquals(want.bytes(), got.bytes(), want.name());
            assertEquals(want.flags(), got.flags(), want.name());
            if (want.extensions() != null) {
                assertEquals(want.extensions(), got.extensions(), want.name());
            }
            if (want.strict()) {
                assertEquals(HexFormat.of().formatHex(want.datagram()), hex(Codec.encode(got)), want.name());
            }
        }
    }

    @Test
    void bad() throws IOException {
        List<Vectors.Vector> bad = Vectors.read("bad.json");
        assertTrue(bad.size() > 10, bad.size() + " vectors");
        for (Vectors.Vector vector : bad) {
            assertThrows(ProtocolException.class, () -> Codec.decode(ByteBuffer.wrap(vector.datagram())), vector.name());
        }
    }

    @Test
    void cut() throws IOException {
        for (Vectors.Vector vector : Vectors.golden()) {
            int length = vector.datagram().length;
            for (int size = 0; size < length; size += 1 + length / 200) {
                ByteBuffer datagram = ByteBuffer.wrap(vector.datagram(), 0, size);
                assertThrows(ProtocolException.class, () -> Codec.decode(datagram), vector.name());
            }
        }
    }

    /** Whatever arrives, it is understood or refused. */
    @Test
    void damaged() throws IOException {
        List<Vectors.Vector> golden = Vectors.golden();
        Random random = new Random(1);
        int refused = 0;
        for (int i = 0; i < 20_000; i++) {
            byte[] datagram = golden.get(random.nextInt(golden.size())).datagram().clone();
            for (int damages = random.nextInt(4); damages >= 0; damages--) {
                datagram[random.nextInt(Math.min(200, datagram.length))] = (byte) random.nextInt();
            }
            try {
                Codec.decode(ByteBuffer.wrap(datagram));
            } catch (ProtocolException e) {
                refused++;
            }
        }
        assertTrue(refused > 4_000 && refused < 20_000, refused + " refused");
    }

    /** Documents within documents shall not take the stack. */
    @Test
    void depth() {
        ByteBuffer document = ByteBuffer.allocate(100_000).order(ByteOrder.LITTLE_ENDIAN);
        for (int left = document.capacity(); left >= 12; left -= 8) {
            document.putInt(left).put(new byte[] {3, 'a', 0});
        }
        document.rewind();
        assertThrows(ProtocolException.class, () -> Codec.decode(document));
    }

    @Test
    void endpointsAsText() {
        assertEquals("10.7.0.1:80", new Endpoint("10.7.0.1", 80).toString());
        assertEquals("[fd07::1]:80", new Endpoint("fd07::1", 80).toString());
    }
}
