package lab;

/** A {@link Tcp} that can be called: it takes connections that others begin, to programs on this machine that listen. */
public interface Incoming extends Tcp {
    /** A SYN, which is in {@code segment}, came from {@code conn.dst()} for a program that listens at {@code conn.src()}. */
    void peerConnect(Conn conn, byte[] segment);
}
