package template

import lab.Api
import lab.Conn
import lab.Incoming

/**
 * Your TCP goes here.
 *
 * The driver calls these functions when an application wants something of a connection, or when a segment comes in from the
 * network. You answer with the calls of [Api].
 *
 * A connection is named by `conn`: `conn.src.ip` and `conn.src.port` are this end, `conn.dst` the remote one. It can be the key of
 * a map in which you keep what you must remember of each connection: its state, sequence numbers, what is not acknowledged yet.
 *
 * All functions are called from one thread. If you start threads of your own, the calls of [Api] are safe in them; what you keep
 * is yours to guard.
 */
class Outgoing(private val api: Api) : Incoming {

    /**
     * An application wants a connection from `conn.src` to `conn.dst`.
     *
     * Choose an initial sequence number, remember the connection, send SYN with [Api.tcpTx]. When the handshake is done, call
     * [Api.appConnected]; if the peer answers with RST, [Api.appPeerRst].
     */
    override fun appConnect(conn: Conn) {
    }

    /**
     * The application wrote data, one byte or more.
     *
     * Send it in segments, and keep it until the peer has acknowledged it. The array is yours.
     */
    override fun appSend(conn: Conn, data: ByteArray) {
    }

    /**
     * The application will write no more.
     *
     * Send FIN after all of its data. The other direction stays open: the peer may go on sending.
     */
    override fun appFin(conn: Conn) {
    }

    /**
     * The application's socket was reset or failed.
     *
     * Send RST and forget the connection: neither [tcpRx] nor any other call will follow for it.
     */
    override fun appRst(conn: Conn) {
    }

    /**
     * A segment came in: TCP header, options and payload, without an IP header. Its checksum is right.
     *
     * Acknowledge what it brings; hand data that is in order to the application with [Api.appRecv]. When it carries FIN and
     * everything before it is there, call [Api.appPeerFin]. When both directions are closed, call [Api.releaseConnection].
     */
    override fun tcpRx(conn: Conn, segment: ByteArray) {
    }

    /**
     * Somebody calls: a SYN, which is in `segment`, came from `conn.dst` for a program that listens at `conn.src`. The driver brings
     * such connections if it was started with `--incoming PORT`.
     *
     * Write the rest first. As long as you want none of this, delete the function and implement [lab.Tcp] instead: calls are refused
     * then.
     *
     * Choose an initial sequence number, remember the connection, send SYN and ACK in one segment, again if nothing comes back. When
     * the ACK arrives, by [tcpRx], perhaps with data, call [Api.peerConnected] in place of [Api.appConnected]: only then the program
     * that listens learns of it. From there on all is as if an application had begun. If the caller sends RST before, call
     * [Api.appPeerRst]. (RFC 9293, Sections 3.5 and 3.10.7.2)
     */
    override fun peerConnect(conn: Conn, segment: ByteArray) {
    }

    /** Called about every 100 ms. Here you can look whether something has to be sent again. */
    override fun tick() {
    }
}
