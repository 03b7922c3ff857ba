#include "congestion.h"

#include <algorithm>

NewReno::NewReno(int mss, Seq iss, bool syn_lost) : mss_(mss), recover_(iss) {
    const Seq initial = std::min<Seq>(10 * mss, std::max<Seq>(2 * mss, 14600)); // RFC 6928
    cwnd_ = syn_lost ? mss : initial; // RFC 5681, Section 3.1: after a lost SYN "MUST be one segment"
}

bool NewReno::on_ack(Seq ack, Seq acked, Seq flight) {
    duplicates_ = 0;
    if (!recovering_) {
        grow(acked);
        return false;
    }
    if (ack >= recover_) { // everything of then has arrived
        recovering_ = false;
        cwnd_ = std::min(ssthresh_, std::max(flight, mss_) + mss_);
        return false;
    }
    // A partial acknowledgment: the next hole begins right here. "Retransmit the first unacknowledged segment."
    cwnd_ = std::max(cwnd_ - acked + (acked >= mss_ ? mss_ : 0), mss_);
    return true;
}

bool NewReno::on_duplicate(Seq una, Seq flight, Seq highest) {
    duplicates_++;
    if (recovering_) {
        cwnd_ += mss_;
        return false;
    }
    if (duplicates_ != 3 || una <= recover_) return false;
    ssthresh_ = std::max(flight / 2, 2 * mss_);
    cwnd_ = ssthresh_ + 3 * mss_; // three segments have arrived behind the hole
    recovering_ = true;
    recover_ = highest;
    return true;
}

void NewReno::on_timeout(Seq flight, Seq highest, bool first) {
    if (first) ssthresh_ = std::max(flight / 2, 2 * mss_);
    cwnd_ = mss_;
    recovering_ = false;
    recover_ = highest;
    duplicates_ = 0;
    credit_ = 0;
}

void NewReno::grow(Seq acked) {
    if (cwnd_ < ssthresh_) {
        cwnd_ += std::min(acked, mss_); // doubles in a round trip
        return;
    }
    credit_ += acked;
    if (credit_ >= cwnd_) { // one segment in a round trip
        credit_ -= cwnd_;
        cwnd_ += mss_;
    }
}
