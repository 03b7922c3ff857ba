// The sending half of a connection: what to send when, what to send again, and for how long to try.
#pragma once

#include <deque>
#include <optional>
#include <utility>

#include "congestion.h"
#include "segment.h"
#include "timers.h"

// What goes out, before the acknowledgment is added.
struct Outgoing {
    Seq seq;
    int flags;
    Bytes payload;
};

// The variables are those of RFC 9293, Section 3.3.1. SYN and FIN have a sequence number each:
//
//   iss                una              nxt        max
//    |  SYN  |  acknowledged  |  on its way  |  to send (again)  |  waiting  |  FIN  |
//
// nxt lies before max after a timeout, when everything on its way counts as lost.
class Sender {
public:
    explicit Sender(Seq iss) : iss(iss), una(iss), nxt(iss), max(iss), congestion(536, iss, false) {}

    // Our SYN is acknowledged: from now on data can go out.
    void begin();

    void push(const Bytes& data) { buffer_.insert(buffer_.end(), data.begin(), data.end()); }
    void close();
    bool is_closed() const { return fin_.has_value(); }
    bool is_fin_acked() const { return fin_ && una > *fin_; }

    // Returns a segment that may be sent now. To be called until there is none.
    std::optional<Outgoing> next(Time now);

    // To be called when next has no more: as long as anything is unacknowledged, sent or not, the timer runs. If nothing is on its
    // way, the window is closed, and the timer makes us ask whether it still is.
    void settle(Time now);

    // Takes an acknowledgment from una to max.
    void on_ack(const Segment& segment, Time now);

    // The timer has expired. Returns whether to go on; if not, the peer has been silent for too long.
    bool on_timeout(Time now);

    // Has everything that is not acknowledged sent again.
    void rewind();

    const Seq iss;
    Seq una;        // the oldest unacknowledged sequence number
    Seq nxt;        // the next one to send
    Seq max;        // behind all that was ever sent
    Seq wnd = 0;    // the peer's window, counted from una
    Seq widest = 0; // the widest it ever was
    Seq mss = 536;  // until the peer's SYN says what it takes
    Timer timer;
    RoundTrip rtt;
    NewReno congestion;

private:
    void on_progress(Seq ack, Time now);
    Seq allowed() const;
    Outgoing cut(Seq seq, Seq size, Time now);
    Outgoing send(Outgoing out, Time now);
    Seq first() const { return std::max(una, iss + 1); } // the sequence number of the first byte in the buffer
    Seq end() const;

    std::pair<Seq, Seq> wl_{0, 0};    // SND.WL1 and SND.WL2: SEG.SEQ and SEG.ACK of the segment that set wnd
    std::deque<std::uint8_t> buffer_; // bytes from una on
    std::optional<Seq> fin_;          // where FIN is, once the application has no more
    bool again_ = false;              // the segment at una is to be sent again, or the peer's closed window is to be probed
    std::optional<std::pair<Seq, Time>> timed_; // the end of a segment, and when it was sent
    Time waiting_since_;
};
