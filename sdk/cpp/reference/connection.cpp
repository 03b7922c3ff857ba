#include "connection.h"

void Connection::connect(Time now) {
    state = State::SYN_SENT;
    flush(now);
}

void Connection::send(const Bytes& data, Time now) {
    snd.push(data);
    flush(now);
}

void Connection::finish(Time now) {
    snd.close();
    if (state == State::ESTABLISHED) state = State::FIN_WAIT_1;
    if (state == State::CLOSE_WAIT) state = State::LAST_ACK;
    flush(now);
}

void Connection::abort() {
    if (rcv && state != State::TIME_WAIT && state != State::CLOSED) emit({snd.max, RST, {}});
    state = State::CLOSED;
}

void Connection::on_tick(Time now) {
    if (state == State::CLOSED) return;
    if (time_wait_.has_expired(now)) {
        release();
    } else if (snd.timer.has_expired(now) && !snd.on_timeout(now)) {
        reset();
    } else if (rcv) {
        rcv->on_tick();
    }
    flush(now);
}

void Connection::on_segment(Segment segment, Time now) {
    if (state == State::CLOSED) return;
    segment.ack = unwrap(segment.ack, snd.una);
    if (rcv) {
        // RFC 9293, Section 3.10.7.4: the checks, in their order, for all states in which the peer's SYN is known.
        segment.seq = unwrap(segment.seq, rcv->nxt);
        if (check_seq(segment, now) && check_rst(segment) && check_syn(segment) && check_ack(segment, now)) take_text(segment, now);
    } else if (state == State::SYN_SENT) {
        on_syn_sent(segment, now);
    } else {
        on_listen(segment, now);
    }
    flush(now);
}

// RFC 9293, Section 3.10.7.2: nobody has sent anything yet. Only a SYN is any good.
void Connection::on_listen(const Segment& segment, Time now) {
    if (segment.has(RST)) return;
    if (segment.has(ACK)) { // "Any acknowledgment is bad if it arrives on a connection still in the LISTEN state."
        emit({segment.ack, RST, {}});
    } else if (segment.has(SYN)) {
        called_ = true;
        take_syn(segment, now); // text that came with it is left: the peer will send it again
    }
}

// RFC 9293, Section 3.10.7.3: we have sent SYN, and this is the first that we hear.
void Connection::on_syn_sent(const Segment& segment, Time now) {
    const bool acceptable = segment.has(ACK) && snd.iss < segment.ack && segment.ack <= snd.max;
    if (segment.has(ACK) && !acceptable) {
        if (!segment.has(RST)) emit({segment.ack, RST, {}});
    } else if (segment.has(RST)) {
        if (acceptable) reset(); // nobody listens there
    } else if (segment.has(SYN)) {
        take_syn(segment, now);
    }
}

void Connection::take_syn(const Segment& segment, Time now) {
    rcv.emplace(segment.seq, path.mss);
    snd.mss = std::min(path.mss, segment.mss.value_or(path.default_mss));
    if (segment.has(ACK)) {
        snd.begin();
        snd.on_ack(segment, now);
        establish();
        rcv->ack_due = true;
    } else { // both ends have sent SYN at the same time, or we were in LISTEN
        state = State::SYN_RECEIVED;
        snd.rewind(); // SYN goes out, perhaps again, now with an acknowledgment
    }
}

void Connection::establish() {
    state = snd.is_closed() ? State::FIN_WAIT_1 : State::ESTABLISHED;
    if (called_) {
        driver_.peer_connected(conn);
    } else {
        driver_.app_connected(conn);
    }
}

bool Connection::check_seq(const Segment& segment, Time now) {
    if (rcv->accepts(segment.seq, segment.length())) return true;
    if (state == State::SYN_RECEIVED && segment.has(SYN) && !segment.has(ACK) && !segment.has(RST)) {
        snd.rewind(); // the peer asks again: our SYN with its acknowledgment was lost, so both go out once more
    } else if (!segment.has(RST)) {
        rcv->ack_due = true; // "an acknowledgment should be sent in reply"
        if (state == State::TIME_WAIT && segment.has(FIN)) time_wait_.start(now + 2 * kMSL); // our last one was lost
    }
    return false;
}

bool Connection::check_rst(const Segment& segment) {
    if (!segment.has(RST)) return true;
    if (segment.seq != rcv->nxt) {
        rcv->ack_due = true; // RFC 5961, Section 3.2: whoever guesses is asked again, "a challenge ACK"
    } else if (state == State::CLOSING || state == State::LAST_ACK || state == State::TIME_WAIT) {
        release();
    } else {
        reset();
    }
    return false;
}

bool Connection::check_syn(const Segment& segment) {
    if (!segment.has(SYN)) return true;
    if (state == State::SYN_RECEIVED && called_) {
        release(); // "return this connection to the LISTEN state": it is the driver that listens
    } else {
        rcv->ack_due = true; // RFC 5961, Section 4.2
    }
    return false;
}

bool Connection::check_ack(const Segment& segment, Time now) {
    if (!segment.has(ACK)) return false;
    if (state == State::SYN_RECEIVED) {
        if (segment.ack <= snd.una || segment.ack > snd.max) {
            emit({segment.ack, RST, {}});
            return false;
        }
        snd.begin();
        establish();
    }
    if (segment.ack > snd.max || segment.ack < snd.una - snd.widest) {
        rcv->ack_due = true; // of what we never sent, or too old to be true: RFC 5961, Section 5.2
        return false;
    }
    if (segment.ack >= snd.una) snd.on_ack(segment, now);
    if (snd.is_fin_acked()) on_fin_acked(now);
    return state != State::CLOSED;
}

void Connection::on_fin_acked(Time now) {
    if (state == State::FIN_WAIT_1) {
        state = State::FIN_WAIT_2;
    } else if (state == State::CLOSING) {
        enter_time_wait(now);
    } else if (state == State::LAST_ACK) {
        release();
    }
}

void Connection::take_text(const Segment& segment, Time now) {
    // In all other states the peer has said that it is done.
    const bool takes_text = state == State::ESTABLISHED || state == State::FIN_WAIT_1 || state == State::FIN_WAIT_2;
    if (!takes_text || segment.length() == 0) return;
    const Bytes data = rcv->take(segment);
    if (!data.empty()) driver_.app_recv(conn, data);
    if (rcv->has_finished()) on_peer_fin(now);
}

void Connection::on_peer_fin(Time now) {
    driver_.app_peer_fin(conn);
    if (state == State::ESTABLISHED) {
        state = State::CLOSE_WAIT;
    } else if (state == State::FIN_WAIT_1) {
        state = State::CLOSING;
    } else if (state == State::FIN_WAIT_2) {
        enter_time_wait(now);
    }
}

// We have acknowledged FIN but cannot know whether that arrives: stay, to answer should FIN come again.
void Connection::enter_time_wait(Time now) {
    state = State::TIME_WAIT;
    time_wait_.start(now + 2 * kMSL);
}

void Connection::reset() {
    state = State::CLOSED;
    driver_.app_peer_rst(conn);
}

void Connection::release() {
    state = State::CLOSED;
    driver_.release_connection(conn);
}

// Sends what may be sent and what has to be acknowledged. Every event ends here.
void Connection::flush(Time now) {
    if (state == State::LISTEN || state == State::CLOSED) return;
    while (auto out = snd.next(now)) emit(std::move(*out));
    snd.settle(now);
    // Not from nxt: after a timeout that lies before the peer's window, and the peer would take this for old.
    if (rcv && rcv->ack_due) emit({snd.max, ACK, {}});
}

void Connection::emit(Outgoing out) {
    Segment segment{out.seq, 0, out.flags, Receiver::kWindow, std::move(out.payload), {}};
    if (segment.has(SYN)) segment.mss = path.mss;
    if (rcv && !segment.has(RST)) {
        segment.ack = rcv->nxt;
        segment.flags |= ACK;
        rcv->on_acked();
    }
    driver_.tcp_tx(conn, path.build(segment));
}
