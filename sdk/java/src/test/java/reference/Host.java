package reference;

import java.io.ByteArrayOutputStream;
import java.net.ProtocolException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import lab.Api;
import lab.Conn;

/** One end of a network: what the connection there says to the driver, it notes and sends. */
final class Host implements Api {
    private final Network network;
    private final Connection connection;
    private final ByteArrayOutputStream received = new ByteArrayOutputStream();
    private final List<String> events = new ArrayList<>();
    private int sent;

    /** Says which of the segments that are sent to lose. */
    Predicate<Segment> drop = segment -> false;

    Host(Network network, Conn conn, long iss) {
        this.network = network;
        connection = new Connection(conn, this, iss);
    }

    Connection connection() {
        return connection;
    }

    byte[] received() {
        return received.toByteArray();
    }

    int receivedBytes() {
        return received.size();
    }

    List<String> events() {
        return events;
    }

    /** Returns how many segments were sent. */
    int sent() {
        return sent;
    }

    @Override
    public void appConnected(Conn conn) {
        events.add("appConnected");
    }

    @Override
    public void peerConnected(Conn conn) {
        appConnected(conn); // a network is tested from whichever end
    }

    @Override
    public void appRecv(Conn conn, byte[] data) {
        received.writeBytes(data);
    }

    @Override
    public void appPeerFin(Conn conn) {
        events.add("appPeerFin");
    }

    @Override
    public void appPeerRst(Conn conn) {
        events.add("appPeerRst");
    }

    @Override
    public void releaseConnection(Conn conn) {
        events.add("releaseConnection");
    }

    @Override
    public void tcpTx(Conn conn, byte[] segment) {
        sent++;
        try {
            if (!drop.test(connection.wire().parse(segment))) {
                network.carry(this, segment);
            }
        } catch (ProtocolException e) {
            throw new AssertionError("it builds what it cannot parse", e);
        }
    }

    @Override
    public String toString() {
        return connection.state() + ", " + received.size() + " bytes, " + events;
    }
}
