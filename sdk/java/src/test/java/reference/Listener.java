package reference;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import lab.Api;
import lab.Conn;

/** The driver, as far as it is told of an application: it notes that. What is sent goes elsewhere. */
abstract class Listener implements Api {
    private final ByteArrayOutputStream received = new ByteArrayOutputStream();
    private final List<String> events = new ArrayList<>();

    /** Returns the calls that carry nothing but their name. */
    final List<String> events() {
        return events;
    }

    final byte[] received() {
        return received.toByteArray();
    }

    final String text() {
        return received.toString();
    }

    final int receivedBytes() {
        return received.size();
    }

    @Override
    public final void appConnected(Conn conn) {
        events.add("appConnected");
    }

    @Override
    public void peerConnected(Conn conn) {
        events.add("peerConnected");
    }

    @Override
    public final void appRecv(Conn conn, byte[] data) {
        received.writeBytes(data);
    }

    @Override
    public final void appPeerFin(Conn conn) {
        events.add("appPeerFin");
    }

    @Override
    public final void appPeerRst(Conn conn) {
        events.add("appPeerRst");
    }

    @Override
    public final void releaseConnection(Conn conn) {
        events.add("releaseConnection");
    }
}
