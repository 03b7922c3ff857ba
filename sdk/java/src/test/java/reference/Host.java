package reference;

import java.net.ProtocolException;
import java.util.function.Predicate;
import lab.Conn;

/** One end of a network: what the connection there says to the driver, it notes and sends. */
final class Host extends Listener {
    private final Network network;
    private final Connection connection;
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

    /** Returns how many segments were sent. */
    int sent() {
        return sent;
    }

    @Override
    public void peerConnected(Conn conn) {
        appConnected(conn); // a network is tested from whichever end
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
        return connection.state() + ", " + receivedBytes() + " bytes, " + events();
    }
}
