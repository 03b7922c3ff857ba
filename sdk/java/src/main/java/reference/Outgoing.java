package reference;

import java.net.ProtocolException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import lab.Api;
import lab.Conn;
import lab.Incoming;

/** Says which connection a message is for, and answers segments that belong to none. Others may begin connections, too. */
final class Outgoing implements Incoming {
    private final Api api;
    private final Supplier<Instant> clock;
    private final SequenceNumbers numbers = new SequenceNumbers();
    private final Map<Conn, Connection> connections = new HashMap<>();

    Outgoing(Api api) {
        this(api, () -> Instant.EPOCH.plus(Duration.ofNanos(System.nanoTime()))); // the time of day may be set back
    }

    Outgoing(Api api, Supplier<Instant> clock) {
        this.api = api;
        this.clock = clock;
    }

    @Override
    public void appConnect(Conn conn) {
        Connection connection = new Connection(conn, api, numbers.initial(conn, clock.get()));
        connections.put(conn, connection);
        connection.connect(clock.get());
    }

    /** A passive OPEN, and the SYN that came for it. */
    @Override
    public void peerConnect(Conn conn, byte[] bytes) {
        Connection connection = new Connection(conn, api, numbers.initial(conn, clock.get()));
        Optional<Segment> syn = parse(connection.wire(), conn, bytes);
        if (syn.isEmpty()) {
            api.releaseConnection(conn); // so that the SYN, when it comes again, is a call again
            return;
        }
        connections.put(conn, connection);
        connection.accept(syn.get(), clock.get());
        forgetIfClosed(conn);
    }

    @Override
    public void appSend(Conn conn, byte[] data) {
        find(conn).ifPresent(connection -> connection.send(data, clock.get()));
    }

    @Override
    public void appFin(Conn conn) {
        find(conn).ifPresent(connection -> connection.finish(clock.get()));
    }

    @Override
    public void appRst(Conn conn) {
        find(conn).ifPresent(Connection::abort);
        connections.remove(conn);
    }

    @Override
    public void tcpRx(Conn conn, byte[] bytes) {
        Optional<Connection> connection = find(conn);
        Wire wire = connection.map(Connection::wire).orElseGet(() -> new Wire(conn));
        parse(wire, conn, bytes).ifPresent(segment -> {
            if (connection.isPresent()) {
                connection.get().onSegment(segment, clock.get());
                forgetIfClosed(conn);
            } else {
                segment.reset().ifPresent(answer -> api.tcpTx(conn, wire.build(answer)));
            }
        });
    }

    @Override
    public void tick() {
        Instant now = clock.get();
        connections.values().forEach(connection -> connection.onTick(now));
        connections.values().removeIf(Connection::isClosed);
    }

    /** Returns how many connections there are. */
    int size() {
        return connections.size();
    }

    private void forgetIfClosed(Conn conn) {
        connections.computeIfPresent(conn, (key, value) -> value.isClosed() ? null : value);
    }

    /** Reads a segment that came in. One that is damaged is reported, and nothing else. */
    private static Optional<Segment> parse(Wire wire, Conn conn, byte[] bytes) {
        try {
            return Optional.of(wire.parse(bytes));
        } catch (ProtocolException e) {
            System.err.println("a segment of " + conn.dst() + ": " + e.getMessage());
            return Optional.empty();
        }
    }

    private Optional<Connection> find(Conn conn) {
        return Optional.ofNullable(connections.get(conn));
    }
}
