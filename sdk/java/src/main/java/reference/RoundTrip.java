package reference;

import java.time.Duration;

/** Estimates the time from a segment to its acknowledgment, and from that the retransmission timeout: RFC 6298. */
final class RoundTrip {
    /** Before anything was measured: "SHOULD set RTO &lt;- 1 second". */
    private static final Duration FIRST_RTO = Duration.ofSeconds(1);

    /** "Whenever RTO is computed, if it is less than 1 second, then the RTO SHOULD be rounded up to 1 second." */
    private static final Duration LEAST_RTO = Duration.ofSeconds(1);

    private static final Duration MOST_RTO = Duration.ofSeconds(60);

    /** Of our clock: the tick. */
    private static final Duration GRANULARITY = Duration.ofMillis(100);

    private static final int MOST_BACKOFF = 6;

    private Duration srtt; // smoothed; null before the first sample
    private Duration rttvar = Duration.ZERO; // how much it varies
    private int backoff; // timeouts since the last sample

    Duration rto() {
        Duration rto = srtt == null ? FIRST_RTO : srtt.plus(max(GRANULARITY, rttvar.multipliedBy(4)));
        rto = max(rto, LEAST_RTO).multipliedBy(1L << backoff);
        return rto.compareTo(MOST_RTO) < 0 ? rto : MOST_RTO;
    }

    /**
     * Takes in a measured time. It must not be of a segment that was sent twice: nobody knows which of them was acknowledged
     * (Karn's algorithm).
     */
    void sample(Duration rtt) {
        if (srtt == null) {
            srtt = rtt;
            rttvar = rtt.dividedBy(2);
        } else {
            rttvar = rttvar.plus(srtt.minus(rtt).abs().minus(rttvar).dividedBy(4));
            srtt = srtt.plus(rtt.minus(srtt).dividedBy(8));
        }
        backoff = 0;
    }

    /** The timer has expired: "The host MUST set RTO &lt;- RTO * 2". */
    void backOff() {
        backoff = Math.min(backoff + 1, MOST_BACKOFF);
    }

    boolean isBackedOff() {
        return backoff > 0;
    }

    /** It was not the network that kept us waiting. */
    void forgive() {
        backoff = 0;
    }

    Duration srtt() {
        return srtt;
    }

    private static Duration max(Duration a, Duration b) {
        return a.compareTo(b) < 0 ? b : a;
    }
}
