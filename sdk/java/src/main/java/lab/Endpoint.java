package lab;

/** One end of a connection: an IPv4 or IPv6 address as text, and a port. */
public record Endpoint(String ip, int port) {
    public Endpoint {
        if (port < 0 || port > 0xFFFF) {
            throw new IllegalArgumentException("no such port: " + port);
        }
    }

    @Override
    public String toString() {
        return (ip.contains(":") ? "[" + ip + "]" : ip) + ":" + port;
    }
}
