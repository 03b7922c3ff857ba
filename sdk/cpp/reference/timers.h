// How long to wait for an acknowledgment: RFC 6298.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

using Clock = std::chrono::steady_clock; // never runs backwards
using Time = Clock::time_point;
using Duration = Clock::duration;

using namespace std::chrono_literals;

// Estimates the time from a segment to its acknowledgment, and from that the retransmission timeout.
class RoundTrip {
public:
    Duration rto() const {
        // Before anything was measured, RTO is 1 second. "Whenever RTO is computed, if it is less than 1 second, then the RTO SHOULD
        // be rounded up to 1 second." The tick is the granularity of our clock.
        const Duration measured = srtt_ ? *srtt_ + std::max<Duration>(100ms, 4 * rttvar_) : Duration(1s);
        return std::min<Duration>(std::max<Duration>(measured, 1s) * (1 << backoff_), 60s);
    }

    // Takes in a measured time. It must not be of a segment that was sent twice: nobody knows which of them was acknowledged (Karn's
    // algorithm).
    void sample(Duration rtt) {
        if (srtt_) {
            rttvar_ += (std::max(*srtt_ - rtt, rtt - *srtt_) - rttvar_) / 4;
            *srtt_ += (rtt - *srtt_) / 8;
        } else {
            srtt_ = rtt;
            rttvar_ = rtt / 2;
        }
        backoff_ = 0;
    }

    // The timer has expired: "The host MUST set RTO <- RTO * 2".
    void back_off() { backoff_ = std::min(backoff_ + 1, 6); }

    void forget_backoff() { backoff_ = 0; }

    // Has the timer expired since the last sample?
    bool has_backed_off() const { return backoff_ > 0; }

    std::optional<Duration> srtt() const { return srtt_; } // smoothed
    Duration rttvar() const { return rttvar_; }            // how much it varies

private:
    std::optional<Duration> srtt_;
    Duration rttvar_{};
    int backoff_ = 0; // timeouts since the last sample
};

// A moment to be woken at. Nothing happens by itself: whoever has the clock asks.
class Timer {
public:
    void start(Time at) { at_ = at; }
    void stop() { at_.reset(); }
    bool is_running() const { return at_.has_value(); }
    bool has_expired(Time now) const { return at_ && now >= *at_; }

private:
    std::optional<Time> at_;
};
