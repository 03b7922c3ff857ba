#include "sender.h"

#include <algorithm>

namespace {

// RFC 9293, Section 3.8.3: R2 "SHOULD correspond to at least 100 seconds". For a SYN it "MUST be set large enough to provide
// retransmission of the segment for at least 3 minutes"; we are as patient with the rest.
constexpr auto kPatience = 180s;

} // namespace

void Sender::begin() { congestion = NewReno(mss, iss, rtt.has_backed_off()); }

void Sender::close() {
    if (!fin_) fin_ = end();
}

std::optional<Outgoing> Sender::next(Time now) {
    if (nxt == iss) return send({iss, SYN, {}}, now);
    if (una == iss) return {}; // data waits for the end of the handshake
    if (again_) {
        again_ = false;
        return cut(una, std::max<Seq>(1, std::min(mss, wnd)), now);
    }
    const Seq size = allowed();
    if (size == 0) return {};
    const Seq seq = nxt;
    nxt += size;
    return cut(seq, size, now);
}

void Sender::settle(Time now) {
    if (una == end()) {
        timer.stop();
    } else if (!timer.is_running()) {
        timer.start(now + rtt.rto());
        waiting_since_ = now;
    }
}

void Sender::on_ack(const Segment& segment, Time now) {
    waiting_since_ = now;
    if (segment.ack > una) {
        on_progress(segment.ack, now);
    } else if (segment.length() == 0 && wnd > 0 && segment.window == wnd && una < max) { // RFC 5681, Section 2: what a duplicate is
        again_ = congestion.on_duplicate(una, max - una, max) || again_;
    }
    // Only newer segments tell of the window. RFC 9293, Section 3.10.7.4: "If (SND.WL1 < SEG.SEQ or …"
    if (wl_ > std::pair(segment.seq, segment.ack)) return;
    if (wnd == 0 && segment.window > 0) {
        rtt.forget_backoff(); // it was the window that kept us waiting, not the network
        timer.stop();
    }
    wnd = segment.window;
    wl_ = {segment.seq, segment.ack};
    widest = std::max(widest, wnd);
}

bool Sender::on_timeout(Time now) {
    if (now - waiting_since_ > kPatience) return false;
    if (una > iss && (wnd == 0 || nxt == una)) {
        // RFC 9293, Section 3.8.6.1: the peer's window is closed; we "must regularly transmit at least one octet of new data (if
        // available), or retransmit": the news that it is open may have been lost.
        again_ = true;
    } else {
        congestion.on_timeout(max - una, max, !rtt.has_backed_off());
        rewind();
    }
    rtt.back_off();
    timer.start(now + rtt.rto());
    return true;
}

void Sender::rewind() {
    nxt = una;
    again_ = false;
    timed_.reset();
}

void Sender::on_progress(Seq ack, Time now) {
    if (timed_ && ack >= timed_->first) {
        rtt.sample(now - timed_->second);
        timed_.reset();
    }
    const Seq bytes = std::min<Seq>(ack - first(), buffer_.size()); // FIN is none
    buffer_.erase(buffer_.begin(), buffer_.begin() + bytes);
    const Seq acked = ack - una;
    una = ack;
    nxt = std::max(nxt, ack);
    again_ = congestion.on_ack(ack, acked, max - ack);
    timer.stop(); // settle starts it anew
}

// Returns how many sequence numbers, FIN's among them, the next segment may have: 0 to 1 MSS.
Seq Sender::allowed() const {
    const Seq waiting = end() - nxt;
    const Seq room = una + std::min(wnd, congestion.cwnd()) - nxt;
    const Seq size = std::min({waiting, room, mss});
    // RFC 9293, Section 3.8.6.2.1: rather wait than send crumbs into a narrow window.
    if (size <= 0 || (size < std::min(mss, waiting) && 2 * size < widest)) return 0;
    return size;
}

Outgoing Sender::cut(Seq seq, Seq size, Time now) {
    const auto from = std::min<Seq>(seq - first(), buffer_.size()), to = std::min<Seq>(from + size, buffer_.size());
    Outgoing out{seq, 0, {buffer_.begin() + from, buffer_.begin() + to}};
    if (from < to && to == static_cast<Seq>(buffer_.size())) out.flags |= PSH;
    if (fin_ == seq + (to - from) && size > to - from) out.flags |= FIN;
    return send(std::move(out), now);
}

Outgoing Sender::send(Outgoing out, Time now) {
    const Seq end = out.seq + static_cast<Seq>(out.payload.size()) + ((out.flags & (SYN | FIN)) != 0);
    if (!timed_ && out.seq >= max) timed_ = {end, now}; // one at a time, and none that goes out again
    max = std::max(max, end);
    if (out.flags & SYN) nxt = end;
    return out;
}

// Returns the sequence number behind all that the application wants sent.
Seq Sender::end() const { return fin_ ? *fin_ + 1 : first() + static_cast<Seq>(buffer_.size()); }
