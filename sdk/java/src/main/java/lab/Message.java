package lab;

/** What one datagram says. What its flags mean depends on who sends it: see {@link Driver} and {@link Program}. */
record Message(Conn conn, byte[] bytes, int flags) {}
