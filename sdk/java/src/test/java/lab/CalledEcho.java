package lab;

/** An {@link Echo} that can be called. */
final class CalledEcho extends Echo implements Incoming {
    CalledEcho(Api api) {
        super(api);
    }

    public static void main(String[] args) {
        Program.run(CalledEcho::new);
    }

    @Override
    public void peerConnect(Conn conn, byte[] segment) {
        if (new String(segment).equals("threads")) {
            inThreads(() -> api.peerConnected(conn));
            return;
        }
        api.peerConnected(conn);
        api.appRecv(conn, concat("peer_connect ", segment));
    }
}
