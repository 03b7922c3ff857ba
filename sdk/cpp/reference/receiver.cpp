#include "receiver.h"

namespace {

constexpr Seq kMostHeld = 2 * Receiver::kWindow; // a peer that repeats itself shall not fill our memory

} // namespace

bool Receiver::accepts(Seq seq, Seq length) const {
    if (length == 0) return nxt <= seq && seq < nxt + kWindow;
    return seq < nxt + kWindow && seq + length > nxt;
}

Bytes Receiver::take(const Segment& segment) {
    const Seq seq = segment.seq, room = nxt + kWindow - seq;
    Bytes payload = segment.payload;
    if (segment.has(FIN) && static_cast<Seq>(payload.size()) < room) fin_ = seq + static_cast<Seq>(payload.size());
    if (static_cast<Seq>(payload.size()) > room) payload.resize(room); // "trimming off any portions that lie outside the window"
    if (seq > nxt) {
        ack_due = true; // RFC 5681: "SHOULD send an immediate duplicate ACK": so the peer learns of the hole
        hold(seq, std::move(payload));
        return {};
    }
    const bool early = !held_.empty();
    Bytes ready;
    append(ready, seq, payload);
    while (!held_.empty() && held_.begin()->first <= nxt) {
        const auto next = held_.extract(held_.begin());
        held_bytes_ -= static_cast<Seq>(next.mapped().size());
        append(ready, next.key(), next.mapped());
    }
    if (fin_ == nxt) nxt++; // FIN has a sequence number of its own
    // RFC 5681, Section 4.2: "an ACK SHOULD be generated for at least every second full-sized segment"; others wait for the next tick.
    // Not so at a hole, nor when the peer pushes: then it may have nothing more to send until we answer.
    ack_due = ack_due || early || segment.has(FIN) || segment.has(PSH) || unacked_ >= 2 * mss_;
    return ready;
}

void Receiver::on_tick() {
    if (unacked_ > 0) ack_due = true;
}

void Receiver::on_acked() {
    ack_due = false;
    unacked_ = 0;
}

// Appends to ready what is new in payload.
void Receiver::append(Bytes& ready, Seq seq, const Bytes& payload) {
    const Seq known = nxt - seq;
    if (known >= static_cast<Seq>(payload.size())) return;
    ready.insert(ready.end(), payload.begin() + known, payload.end());
    unacked_ += static_cast<Seq>(payload.size()) - known;
    nxt = seq + static_cast<Seq>(payload.size());
}

void Receiver::hold(Seq seq, Bytes payload) {
    Bytes& kept = held_[seq];
    const Seq more = static_cast<Seq>(payload.size()) - static_cast<Seq>(kept.size());
    if (more > 0 && held_bytes_ + more <= kMostHeld) {
        kept = std::move(payload);
        held_bytes_ += more;
    }
    if (kept.empty()) held_.erase(seq);
}
