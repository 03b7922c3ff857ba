package lab;

/**
 * What the driver asks of a TCP. {@link Program} calls these methods from one thread, one after the other; the arrays are the
 * TCP's to keep.
 */
public interface Tcp {
    /** An application wants a connection from {@code conn.src()} to {@code conn.dst()}. */
    void appConnect(Conn conn);

    /** The application wrote data, one byte or more. */
    void appSend(Conn conn, byte[] data);

    /** The application will write no more. */
    void appFin(Conn conn);

    /** The application's socket was reset or failed. No other call will follow for this connection. */
    void appRst(Conn conn);

    /** A segment came in: TCP header, options and payload, without an IP header. */
    void tcpRx(Conn conn, byte[] segment);

    /** Called about every 100 ms. */
    void tick();
}
