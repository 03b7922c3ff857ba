package lab;

/**
 * Names a connection. It never changes and can be the key of a map.
 *
 * @param src this end, as the driver chose it
 * @param dst the remote end
 */
public record Conn(Endpoint src, Endpoint dst) {
    @Override
    public String toString() {
        return src + " -> " + dst;
    }
}
