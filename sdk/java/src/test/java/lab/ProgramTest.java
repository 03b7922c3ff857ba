package lab;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.newsclub.net.unix.AFUNIXDatagramSocket;
import org.newsclub.net.unix.AFUNIXSocketAddress;

/** The program as a process, with a driver that is this test, over real sockets. */
class ProgramTest {
    private static final Conn CONN = new Conn(new Endpoint("10.7.0.1", 61084), new Endpoint("10.7.0.2", 80));

    /** For what takes milliseconds. */
    private static final int LIMIT_SECONDS = 30;

    @TempDir
    Path directory;

    private AFUNIXDatagramSocket driver;
    private final List<AutoCloseable> opened = new ArrayList<>();

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @BeforeEach
    void listen() throws IOException {
        driver = bind("network-exp4-driver.socket");
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : opened) {
            each.close();
        }
    }

    private AFUNIXDatagramSocket bind(String name) throws IOException {
        AFUNIXDatagramSocket socket = AFUNIXDatagramSocket.newInstance();
        opened.add(socket);
        socket.bind(address(name));
        socket.setSoTimeout(LIMIT_SECONDS * 1000);
        return socket;
    }

    private AFUNIXSocketAddress address(String name) throws IOException {
        return AFUNIXSocketAddress.of(directory.resolve(name));
    }

    private Process start() throws IOException {
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        ProcessBuilder builder = new ProcessBuilder(java.toString(), "-XX:TieredStopAtLevel=1", "-cp",
                System.getProperty("java.class.path"), Echo.class.getName());
        builder.environment().put("ANTEDON_LAB_DIR", directory.toString());
        builder.redirectError(directory.resolve("said").toFile());
        Process process = builder.start();
        opened.add(() -> process.destroyForcibly().waitFor());
        return process;
    }

    /** Starts the program and takes its hello. */
    private Process greet() throws IOException {
        Process process = start();
        Message hello = receive();
        assertEquals(new Conn(new Endpoint("127.84.0.1", 8484), new Endpoint("", 0)), hello.conn());
        assertArrayEquals(bytes("network_exp4"), hello.bytes());
        assertEquals(0xA0, hello.flags());
        driver.connect(address("network-exp4-sdk.socket"));
        return process;
    }

    private Message receive() throws IOException {
        ByteBuffer datagram = ByteBuffer.allocate(500_000);
        DatagramChannel channel = driver.getChannel();
        if (channel.read(datagram) < 0) {
            throw new SocketTimeoutException("nothing came; the program says: " + said());
        }
        return Codec.decode(datagram.flip());
    }

    private String said() throws IOException {
        return Files.readString(directory.resolve("said"));
    }

    private void send(byte[] datagram) throws IOException {
        driver.getChannel().write(ByteBuffer.wrap(datagram));
    }

    private void send(byte[] data, int flags) throws IOException {
        driver.getChannel().write(Codec.encode(new Message(CONN, data, flags)));
    }

    private void expect(int flags, byte[] data) throws IOException {
        Message message = receive();
        assertEquals(flags, message.flags());
        assertArrayEquals(data, message.bytes());
    }

    private void expectEnd(Process process) throws Exception {
        assertTrue(process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS), "it goes on");
        assertEquals(1, process.exitValue(), said());
        assertTrue(said().contains("driver"), said());
    }

    @Test
    void calls() throws IOException {
        bind("network-exp4-sdk.socket").close(); // left by an earlier one
        greet();
        send(new byte[0], 0x02);
        expect(0x00, bytes("app_connect"));
        send(bytes("text"), 0x00);
        expect(0x00, bytes("app_send text"));
        send(new byte[0], 0x01);
        for (int flags : new int[] {0x01, 0x04, 0x80, 0x02}) {
            expect(flags, new byte[0]);
        }
        send(bytes("segment"), 0x40);
        expect(0x40, bytes("segment"));
        send(new byte[] {0});
        expect(0x00, bytes("tick"));
    }

    @Test
    void large() throws IOException {
        greet();
        String text = "0123456789".repeat(10_000), answer = "app_send " + text;
        send(bytes(text), 0x00);
        expect(0x00, bytes(answer.substring(0, 65_536)));
        expect(0x00, bytes(answer.substring(65_536)));
    }

    /** Calls from several threads, more than the queue holds, while the main thread receives. */
    @Test
    void callsFromThreads() throws IOException {
        greet();
        send(new byte[0], 0x04);
        int[] count = new int[2];
        for (int i = 0; i <= 400; i++) {
            if (i == 200) {
                send(new byte[] {0}, 0x40);
            }
            count[receive().bytes().length == 1000 ? 0 : 1]++;
        }
        assertArrayEquals(new int[] {400, 1}, count);
    }

    @Test
    void rubbishIsSurvived() throws IOException {
        greet();
        byte[] cut = Arrays.copyOf(Codec.encode(new Message(CONN, new byte[0], 0)).array(), 50);
        for (byte[] rubbish : List.of(new byte[] {1}, bytes("hello"), cut)) {
            send(rubbish);
        }
        send(new byte[0], 0x33);
        send(new byte[0], 0x02);
        expect(0x00, bytes("app_connect"));
        assertEquals(4, said().lines().filter(line -> line.startsWith("a datagram from the driver")).count(), said());
    }

    @Test
    void waitsWhileTheDriverIsTaken() throws IOException {
        AFUNIXDatagramSocket other = bind("other.socket");
        driver.connect(address("other.socket"));
        int[] pauses = {0};
        Driver joined = Driver.join(directory, () -> {
            if (++pauses[0] < 3) {
                return;
            }
            try { // the other one goes, and the driver takes whoever comes next
                other.close();
                driver.close();
                Files.delete(directory.resolve("network-exp4-driver.socket"));
                listen();
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
        opened.add(joined);
        assertEquals(3, pauses[0]);
        joined.hello(List.of());
        assertEquals(0xA0, receive().flags());
    }

    @Test
    void nobodyListens() throws Exception {
        driver.close();
        expectEnd(start());
    }

    @Test
    void noSocket() throws Exception {
        driver.close();
        Files.delete(directory.resolve("network-exp4-driver.socket"));
        expectEnd(start());
    }

    /** Those that wait for the driver's queue are told too. */
    @Test
    void driverDies() throws Exception {
        Process process = greet();
        send(new byte[0], 0x04);
        receive();
        driver.close();
        expectEnd(process);
    }

    /** Without anything to say to it, the program finds out for itself. */
    @Test
    void driverDiesInSilence() throws Exception {
        Process process = greet();
        driver.close();
        expectEnd(process);
    }
}
