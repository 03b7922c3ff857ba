package reference;

import java.net.ProtocolException;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.function.BooleanSupplier;
import lab.Conn;
import lab.Endpoint;

/** Two hosts, a network between them, and the time. What happens depends on the seed alone. */
final class Network {
    static final Endpoint A = new Endpoint("10.7.0.1", 61084), B = new Endpoint("10.7.0.2", 80);
    private static final Duration TICK = Duration.ofMillis(100);

    /** How bad the network is: probabilities, and how long a segment takes. */
    record Quality(Duration delay, double loss, double duplicate, double corrupt, double reorder) {
        static final Quality GOOD = new Quality(Duration.ofMillis(10), 0, 0, 0, 0);

        static Quality bad(double loss, double duplicate, double corrupt, double reorder) {
            return new Quality(GOOD.delay, loss, duplicate, corrupt, reorder);
        }
    }

    private record Parcel(Instant due, long number, Host to, byte[] segment) {}

    private final Quality quality;
    private final Random random;
    private final long seed;
    private final PriorityQueue<Parcel> queue =
            new PriorityQueue<>(Comparator.comparing(Parcel::due).thenComparing(Parcel::number));
    private long sent;
    private Instant now = Instant.EPOCH;
    private Instant tick = now.plus(TICK);
    private int damaged;
    final Host left, right;

    Network(Quality quality, long seed) {
        this.quality = quality;
        this.seed = seed;
        random = new Random(seed);
        left = new Host(this, new Conn(A, B), 0xFFFF_F000L); // soon wraps
        right = new Host(this, new Conn(B, A), 0x7FFF_FF00L);
    }

    Instant now() {
        return now;
    }

    /** Returns how many segments were refused because they were damaged. */
    int damaged() {
        return damaged;
    }

    /** Takes a segment from a host; what becomes of it is a matter of luck. */
    void carry(Host from, byte[] segment) {
        for (int copies = random.nextDouble() < quality.duplicate ? 2 : 1; copies > 0; copies--) {
            if (random.nextDouble() < quality.loss) {
                continue;
            }
            byte[] carried = segment.clone();
            if (random.nextDouble() < quality.corrupt) {
                carried[random.nextInt(carried.length)] ^= (byte) (1 << random.nextInt(8));
            }
            double slowness = random.nextDouble() < quality.reorder ? 1 + 3 * random.nextDouble() : 1;
            Instant due = now.plusNanos((long) (quality.delay.toNanos() * slowness));
            queue.add(new Parcel(due, sent++, from == left ? right : left, carried));
        }
    }

    /** Lets time pass until a condition holds; fails if it does not in time. */
    void run(BooleanSupplier until, Duration limit) {
        Instant end = now.plus(limit);
        while (!until.getAsBoolean()) {
            if (now.isAfter(end)) {
                throw new AssertionError("after " + limit + ": " + this);
            }
            if (!queue.isEmpty() && !queue.peek().due.isAfter(tick)) {
                deliver(queue.poll());
                continue;
            }
            now = tick;
            tick = tick.plus(TICK);
            List.of(left, right).forEach(host -> host.connection().onTick(now));
        }
    }

    private void deliver(Parcel parcel) {
        now = parcel.due;
        Host host = parcel.to;
        Wire wire = host.connection().wire();
        Segment segment;
        try {
            segment = wire.parse(parcel.segment);
        } catch (ProtocolException e) {
            damaged++;
            return;
        }
        if (host.connection().isClosed()) {
            segment.reset().ifPresent(answer -> host.tcpTx(host.connection().conn(), wire.build(answer)));
        } else {
            host.connection().onSegment(segment, now);
        }
    }

    Network connect() {
        left.connection().connect(now);
        run(() -> left.events().contains("appConnected") && right.events().contains("appConnected"), Duration.ofHours(1));
        return this;
    }

    @Override
    public String toString() {
        return "seed " + seed + ", at " + now + "; left " + left + "; right " + right;
    }
}
