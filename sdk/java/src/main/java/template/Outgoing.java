package template;

import lab.Api;
import lab.Conn;
import lab.Incoming;

/**
 * Your TCP goes here.
 *
 * <p>The driver calls these methods when an application wants something of a connection, or when a segment comes in from the
 * network. You answer with the calls of {@link Api}.
 *
 * <p>A connection is named by {@code conn}: {@code conn.src().ip()} and {@code conn.src().port()} are this end,
 * {@code conn.dst()} the remote one. It can be the key of a map in which you keep what you must remember of each connection: its
 * state, sequence numbers, what is not acknowledged yet.
 *
 * <p>All methods are called from one thread. If you start threads of your own, the calls of {@link Api} are safe in them; what
 * you keep is yours to guard.
 */
final class Outgoing implements Incoming {
    private final Api api;

    /** Called once, when the program starts. */
    Outgoing(Api api) {
        this.api = api;
    }

    /**
     * An application wants a connection from {@code conn.src()} to {@code conn.dst()}.
     *
     * <p>Choose an initial sequence number, remember the connection, send SYN with {@link Api#tcpTx}. When the handshake is done,
     * call {@link Api#appConnected}; if the peer answers with RST, {@link Api#appPeerRst}.
     */
    @Override
    public void appConnect(Conn conn) {
    }

    /**
     * The application wrote data, one byte or more.
     *
     * <p>Send it in segments, and keep it until the peer has acknowledged it. The array is yours.
     */
    @Override
    public void appSend(Conn conn, byte[] data) {
    }

    /**
     * The application will write no more.
     *
     * <p>Send FIN after all of its data. The other direction stays open: the peer may go on sending.
     */
    @Override
    public void appFin(Conn conn) {
    }

    /**
     * The application's socket was reset or failed.
     *
     * <p>Send RST and forget the connection: neither {@link #tcpRx} nor any other call will follow for it.
     */
    @Override
    public void appRst(Conn conn) {
    }

    /**
     * A segment came in: TCP header, options and payload, without an IP header. Its checksum is right.
     *
     * <p>Acknowledge what it brings; hand data that is in order to the application with {@link Api#appRecv}. When it carries FIN
     * and everything before it is there, call {@link Api#appPeerFin}. When both directions are closed, call
     * {@link Api#releaseConnection}.
     */
    @Override
    public void tcpRx(Conn conn, byte[] segment) {
    }

    /**
     * Somebody calls: a SYN, which is in {@code segment}, came from {@code conn.dst()} for a program that listens at
     * {@code conn.src()}. The driver brings such connections if it was started with {@code --incoming PORT}.
     *
     * <p>Write the rest first. As long as you want none of this, delete the method and implement {@link lab.Tcp} instead: calls are
     * refused then.
     *
     * <p>Choose an initial sequence number, remember the connection, send SYN and ACK in one segment, again if nothing comes back.
     * When the ACK arrives, by {@link #tcpRx}, perhaps with data, call {@link Api#peerConnected} in place of
     * {@link Api#appConnected}: only then the program that listens learns of it. From there on all is as if an application had begun.
     * If the caller sends RST before, call {@link Api#appPeerRst}. (RFC 9293, Sections 3.5 and 3.10.7.2)
     */
    @Override
    public void peerConnect(Conn conn, byte[] segment) {
    }

    /** Called about every 100 ms. Here you can look whether something has to be sent again. */
    @Override
    public void tick() {
    }
}
