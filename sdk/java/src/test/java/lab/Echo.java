package lab;

import java.util.Arrays;

/** A program that answers every call with one that says what was called. The tests of all SDKs have one like it. */
class Echo implements Tcp {
    private static final Conn NOBODY = new Conn(new Endpoint("", 0), new Endpoint("", 0));

    final Api api;

    Echo(Api api) {
        this.api = api;
    }

    public static void main(String[] args) {
        Program.run(Echo::new);
    }

    @Override
    public void appConnect(Conn conn) {
        api.appRecv(conn, "app_connect".getBytes());
    }

    @Override
    public void appSend(Conn conn, byte[] data) {
        api.appRecv(conn, concat("app_send ", data));
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
        inThreads(() -> api.appRecv(conn, text));
    }

    /** Has four threads make a call a hundred times each. */
    static void inThreads(Runnable call) {
        for (int i = 0; i < 4; i++) {
            new Thread(() -> {
                for (int n = 0; n < 100; n++) {
                    call.run();
                }
            }).start();
        }
    }

    static byte[] concat(String name, byte[] data) {
        byte[] all = Arrays.copyOf(name.getBytes(), name.length() + data.length);
        System.arraycopy(data, 0, all, name.length(), data.length);
        return all;
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
