package lab;

import java.util.List;

/** Connections that others begin: what is agreed with the driver, and the way to the TCP. */
final class Calls {
    /** The flags of a message from the driver. */
    static final int PEER_CONNECT = 0x12;

    /** In a hello, and in the driver's answer. */
    private static final String EXTENSION = "incoming";

    private Incoming tcp; // null if nobody will call
    private boolean isAgreed;

    Calls(Tcp tcp) {
        this.tcp = tcp instanceof Incoming incoming ? incoming : null;
    }

    /** Returns what our hello names. */
    List<String> extensions() {
        return tcp == null ? List.of() : List.of(EXTENSION);
    }

    /** If the answer to our hello is still due, this is it: the extensions that the driver knows, too. */
    void settle(List<String> extensions) {
        if (tcp == null || isAgreed) {
            return;
        }
        isAgreed = extensions.contains(EXTENSION);
        if (!isAgreed) {
            tcp = null;
            System.err.println("the driver knows nothing of incoming connections: nobody will call");
        }
    }

    /** Takes the driver's answer, and then the calls. Returns false if a message is none of these. */
    boolean take(Message message) {
        if (tcp != null && !isAgreed && message.flags() == Driver.HELLO) {
            settle(message.extensions());
            return true;
        }
        settle(List.of()); // a driver that knows of calls answers before it says anything else
        if (!isAgreed || message.flags() != PEER_CONNECT) {
            return false;
        }
        tcp.peerConnect(message.conn(), message.bytes());
        return true;
    }
}
