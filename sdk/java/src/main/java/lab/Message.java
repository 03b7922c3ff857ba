package lab;

import java.util.List;

/**
 * What one datagram says. What its flags mean depends on who sends it: see {@link Driver} and {@link Program}.
 *
 * @param extensions what a hello names beyond version 1 of the protocol
 */
record Message(Conn conn, byte[] bytes, int flags, List<String> extensions) {
    Message(Conn conn, byte[] bytes, int flags) {
        this(conn, bytes, flags, List.of());
    }
}
