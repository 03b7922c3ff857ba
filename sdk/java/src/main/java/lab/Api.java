package lab;

/**
 * The seven calls with which a TCP speaks to the driver.
 *
 * <p>Each names the connection it is about with the {@link Conn} that {@link Tcp#appConnect} or {@link Incoming#peerConnect} was given.
 * All of them may be called from any thread, keep none of the arrays, and block while the driver is busy: that is how it slows
 * us down. Nothing is ever reported back: a call about a connection that is gone does nothing.
 */
public interface Api {
    /** The connection is established. From now on the driver hands over what the application writes. */
    void appConnected(Conn conn);

    /**
     * The connection that {@link Incoming#peerConnect} began is established. The driver finds the application that listens, and
     * from now on hands over what it writes. (What takes our place in your tests can do without this method.)
     */
    default void peerConnected(Conn conn) {
        throw new UnsupportedOperationException();
    }

    /** Hands the application bytes of the peer: in order, each once. */
    void appRecv(Conn conn, byte[] data);

    /** The peer will send no more. The application reads the end of its stream, and may still write. */
    void appPeerFin(Conn conn);

    /**
     * The peer has reset the connection, or it cannot be had. The driver closes the application's socket and forgets the
     * connection; no {@link #releaseConnection} is needed.
     */
    void appPeerRst(Conn conn);

    /** Sends a segment: TCP header, options and payload, with the checksum in it. The driver adds the IP header. */
    void tcpTx(Conn conn, byte[] segment);

    /** Both directions are closed and nothing is left to do. The driver frees the port; segments no longer reach us. */
    void releaseConnection(Conn conn);
}
