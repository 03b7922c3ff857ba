package reference;

/** RFC 9293, Section 3.3.2. */
enum State {
    LISTEN,
    SYN_SENT,
    SYN_RECEIVED,
    ESTABLISHED,
    FIN_WAIT_1,
    FIN_WAIT_2,
    CLOSE_WAIT,
    CLOSING,
    LAST_ACK,
    TIME_WAIT,
    CLOSED;

    /** May the peer still send? In the states after these it has said that it is done. */
    boolean takesText() {
        return this == ESTABLISHED || this == FIN_WAIT_1 || this == FIN_WAIT_2;
    }

    @Override
    public String toString() {
        return name().replace('_', '-');
    }
}
