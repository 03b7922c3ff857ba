package lab;

/** A program that answers every call with one that says what was called. The tests of all SDKs have one like it. */
record Echo(Api api) implements Tcp {
    private static final Conn NOBODY = new Conn(new Endpoint("", 0), new Endpoint("", 0));

    public static void main(String[] args) {
        Program.run(Echo::new);
    }

    @Override
    public void appConnect(Conn conn) {
        api.appRecv(conn, "app_connect".getBytes());
    }

    @Override
    public void appSend(Conn conn, byte[] data) {
        api.appRecv(conn, ("app_send " + new String(data)).getBytes());
    }

    @Override
    public void appFin(Conn conn) {
        api.appPeerFin(conn);
        api.appPeerRst(conn);
        api.releaseConnection(conn);
        api.appConnected(conn);
    }

    /** Four threads speak at the same time, while the program goes on. */
    @Override
    public void appRst(Conn conn) {
        byte[] text = "x".repeat(1000).getBytes();
        for (int i = 0; i < 4; i++) {
            new Thread(() -> {
                for (int n = 0; n < 100; n++) {
                    api.appRecv(conn, text);
                }
            }).start();
        }
    }

    @Override
    public void tcpRx(Conn conn, byte[] segment) {
        api.tcpTx(conn, segment);
    }

    @Override
    public void tick() {
        api.appRecv(NOBODY, "tick".getBytes());
    }
}
