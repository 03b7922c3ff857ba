// How much the network may be asked to carry: slow start, congestion avoidance, fast recovery. RFC 5681 and RFC 6582 (NewReno).
#pragma once

#include "segment.h"

// Numbers in, numbers out. What it returns says whether to send the first unacknowledged segment again.
class NewReno {
public:
    NewReno(int mss, Seq iss, bool syn_lost);

    // How many bytes may be on their way.
    Seq cwnd() const { return cwnd_; }
    bool is_recovering() const { return recovering_; }

    // An acknowledgment of acked bytes has come; flight bytes are still on their way.
    bool on_ack(Seq ack, Seq acked, Seq flight);

    // A duplicate acknowledgment: something left the network, but not what the peer waits for.
    bool on_duplicate(Seq una, Seq flight, Seq highest);

    // Nothing comes back any more. A segment that times out for the second time halves nothing again.
    void on_timeout(Seq flight, Seq highest, bool first);

private:
    void grow(Seq acked);

    Seq mss_;
    Seq cwnd_;
    Seq ssthresh_ = INT64_MAX; // slow start below it, congestion avoidance above
    bool recovering_ = false;
    Seq recover_;       // losses below it belong to an event that was answered already
    int duplicates_ = 0;
    Seq credit_ = 0;    // bytes acknowledged since cwnd last grew in congestion avoidance
};
