// The receiving half of a connection: what is acceptable, in which order it goes on, and when to acknowledge it.
#pragma once

#include <map>
#include <optional>

#include "segment.h"

class Receiver {
public:
    static constexpr int kWindow = 65535; // RCV.WND. What is in order goes straight to the application, so it never shrinks

    Receiver(Seq irs, int mss) : nxt(irs + 1), mss_(mss) {}

    // RFC 9293, Section 3.10.7.4, first check: does the segment touch the window?
    bool accepts(Seq seq, Seq length) const;

    // Takes the text of an acceptable segment. Returns what can go to the application now: it may be more than came, or nothing.
    Bytes take(const Segment& segment);

    // Has FIN come, and everything before it?
    bool has_finished() const { return fin_ && nxt > *fin_; }

    // RFC 9293, Section 3.8.6.3: "the delay MUST be less than 0.5 seconds".
    void on_tick();

    // A segment went out that carries RCV.NXT.
    void on_acked();

    Seq nxt;              // RCV.NXT: the sequence number expected next
    bool ack_due = false; // an acknowledgment has to go out at once

private:
    void append(Bytes& ready, Seq seq, const Bytes& payload);
    void hold(Seq seq, Bytes payload);

    int mss_;
    Seq unacked_ = 0;           // bytes that came in order and were not acknowledged yet
    std::optional<Seq> fin_;    // where FIN is, once we have seen it
    std::map<Seq, Bytes> held_; // came too early, by sequence number
    Seq held_bytes_ = 0;
};
