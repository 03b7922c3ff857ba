package lab;

import java.io.Closeable;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.newsclub.net.unix.AFUNIXDatagramChannel;
import org.newsclub.net.unix.AFUNIXDatagramSocket;
import org.newsclub.net.unix.AFUNIXSocket;
import org.newsclub.net.unix.AFUNIXSocketAddress;

/** The connection to the driver: a unix datagram socket. What comes from the driver is received by one thread. */
final class Driver implements Api, Closeable {
    /** What the flags of a message to the driver mean. */
    static final int APP_RECV = 0x00, APP_PEER_FIN = 0x01, APP_CONNECTED = 0x02, APP_PEER_RST = 0x04, PEER_CONNECTED = 0x12,
            TCP_TX = 0x40, RELEASE_CONNECTION = 0x80, HELLO = 0xA0;

    /** A datagram as long as that is an error. */
    static final int LONGEST = 500_000;

    /** Bytes in one message of appRecv. */
    private static final int LARGEST_RECV = 65_536;

    /** How long the driver, which sends a tick every 100 ms, may say nothing before we look whether it is there. */
    private static final Duration SILENCE = Duration.ofSeconds(5);

    private final AFUNIXDatagramSocket socket;
    private final AFUNIXDatagramChannel channel;
    private final Path path;
    private final ByteBuffer received = ByteBuffer.allocateDirect(LONGEST);
    private volatile IOException failure; // of a send

    private Driver(AFUNIXDatagramSocket socket, Path path) throws IOException {
        this.socket = socket;
        this.path = path;
        channel = socket.getChannel();
        socket.setSoTimeout((int) SILENCE.toMillis());
    }

    /**
     * Binds our socket in a directory and connects it to the driver's, which is there too. While the driver serves another SDK
     * it pauses and tries again.
     */
    static Driver join(Path directory, Runnable pause) throws IOException {
        Path own = directory.resolve("network-exp4-sdk.socket"), drivers = directory.resolve("network-exp4-driver.socket");
        Files.deleteIfExists(own);
        AFUNIXDatagramSocket socket = AFUNIXDatagramSocket.newInstance();
        try {
            socket.bind(AFUNIXSocketAddress.of(own));
            while (!connect(socket, drivers)) {
                pause.run();
            }
            return new Driver(socket, drivers);
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    /** Connects to the driver. Returns false if it is connected to another SDK. */
    private static boolean connect(AFUNIXDatagramSocket socket, Path driver) throws IOException {
        if (!Files.exists(driver)) {
            throw new SocketException("nothing is there");
        }
        try {
            socket.connect(AFUNIXSocketAddress.of(driver));
            return true;
        } catch (SocketException e) {
            // EPERM has no class of its own here, and its text depends on the locale. ECONNREFUSED, when nobody listens, has
            // one; if we may write to the socket, it is not EACCES; and if it takes datagrams, it is not EPROTOTYPE.
            if (e.getClass() == SocketException.class && Files.isWritable(driver) && !takesStreams(driver)) {
                return false;
            }
            throw e;
        }
    }

    /** Is it a socket for streams? Then it takes the connection or refuses it; any other kind says that we are of the wrong one. */
    private static boolean takesStreams(Path path) throws IOException {
        try (AFUNIXSocket stream = AFUNIXSocket.newInstance()) {
            stream.connect(AFUNIXSocketAddress.of(path));
            return true;
        } catch (ConnectException refused) {
            return true;
        } catch (SocketException e) {
            return false;
        }
    }

    /** Tells the driver that we are here, what we know beyond version 1 of the protocol, and that connections of before are void. */
    void hello(List<String> extensions) {
        Conn nobody = new Conn(new Endpoint("127.84.0.1", 8484), new Endpoint("", 0));
        send(new Message(nobody, "network_exp4".getBytes(), HELLO, extensions));
    }

    /** Waits for a datagram. It stays what it is until the next call. IOException if the driver is gone. */
    ByteBuffer receive() throws IOException {
        while (failure == null) {
            received.clear();
            long began = System.nanoTime();
            if (channel.read(received) >= 0 || System.nanoTime() - began < SILENCE.toNanos() / 2) {
                return received.flip(); // read says -1 of an empty datagram, too
            }
            if (!isServing()) {
                throw new SocketException("nothing has been heard of it");
            }
        }
        throw failure;
    }

    /** Is the driver there, and connected to an SDK? Then it refuses to be connected to. */
    private boolean isServing() {
        try (AFUNIXDatagramSocket probe = AFUNIXDatagramSocket.newInstance()) {
            return !connect(probe, path);
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public void appConnected(Conn conn) {
        send(conn, new byte[0], APP_CONNECTED);
    }

    @Override
    public void peerConnected(Conn conn) {
        send(conn, new byte[0], PEER_CONNECTED);
    }

    @Override
    public void appRecv(Conn conn, byte[] data) {
        synchronized (this) { // the pieces stay together
            for (int at = 0; at < data.length; at += LARGEST_RECV) {
                int end = Math.min(data.length, at + LARGEST_RECV);
                send(conn, at == 0 && end == data.length ? data : Arrays.copyOfRange(data, at, end), APP_RECV);
            }
        }
    }

    @Override
    public void appPeerFin(Conn conn) {
        send(conn, new byte[0], APP_PEER_FIN);
    }

    @Override
    public void appPeerRst(Conn conn) {
        send(conn, new byte[0], APP_PEER_RST);
    }

    @Override
    public void tcpTx(Conn conn, byte[] segment) {
        send(conn, segment, TCP_TX);
    }

    @Override
    public void releaseConnection(Conn conn) {
        send(conn, new byte[0], RELEASE_CONNECTION);
    }

    private void send(Conn conn, byte[] data, int flags) {
        send(new Message(conn, data, flags));
    }

    private void send(Message message) {
        try {
            channel.write(Codec.encode(message)); // whole: it is a datagram
        } catch (IOException e) {
            if (failure == null) {
                failure = e;
                close(); // wakes the thread that receives
            }
        }
    }

    @Override
    public void close() {
        socket.close();
    }
}
