package reference;

import java.time.Instant;

/** A moment to be woken at. Nothing happens by itself: whoever has the clock asks. */
final class Timer {
    private Instant at; // null while it does not run

    void start(Instant at) {
        this.at = at;
    }

    void stop() {
        at = null;
    }

    boolean isRunning() {
        return at != null;
    }

    boolean hasExpired(Instant now) {
        return at != null && !now.isBefore(at);
    }
}
