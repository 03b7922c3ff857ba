// One connection: its state, and what each event does to it. RFC 9293, Section 3.10.
#pragma once

#include <optional>

#include "receiver.h"
#include "segment.h"
#include "sender.h"
#include "timers.h"

// The calls of api.h, or what a test puts in their place.
class Driver {
public:
    virtual ~Driver() = default;
    virtual void app_connected(const Conn& conn) = 0;
    virtual void app_recv(const Conn& conn, const Bytes& data) = 0;
    virtual void app_peer_fin(const Conn& conn) = 0;
    virtual void app_peer_rst(const Conn& conn) = 0;
    virtual void tcp_tx(const Conn& conn, const Bytes& segment) = 0;
    virtual void release_connection(const Conn& conn) = 0;
    virtual void peer_connected(const Conn& conn) = 0;
};

enum class State {
    LISTEN,
    SYN_SENT,
    SYN_RECEIVED,
    ESTABLISHED,
    FIN_WAIT_1,
    FIN_WAIT_2,
    CLOSE_WAIT,
    CLOSING,
    LAST_ACK,
    TIME_WAIT,
    CLOSED,
};

// What happens comes in through the functions below, each with the time; what has to be done goes out through the driver. There is
// no clock, thread or socket in here, so a test can be the network, the application and the time.
//
// A connection in CLOSED stays there, and has told the driver what it needs to know.
class Connection {
public:
    // How long a segment may wander about in the network. RFC 9293 takes two minutes; in a laboratory a second is plenty, and
    // the driver lends out only 4,000 ports.
    static constexpr auto kMSL = 1s;

    Connection(Conn conn, Driver& driver, Seq iss) : conn(std::move(conn)), path(this->conn), snd(iss), driver_(driver) {}

    // What the application asks for.
    void connect(Time now);
    void send(const Bytes& data, Time now);
    void finish(Time now); // no more to send
    void abort();          // it is gone. The driver has forgotten the connection; the peer is told, if it knows of it

    // What the network and time bring.
    void on_segment(Segment segment, Time now);
    void on_tick(Time now);

    const Conn conn;
    const Path path;
    State state = State::LISTEN; // until connect, or the peer's SYN
    Sender snd;
    std::optional<Receiver> rcv; // once we have seen the peer's SYN

private:
    void on_listen(const Segment& segment, Time now);
    void on_syn_sent(const Segment& segment, Time now);
    void take_syn(const Segment& segment, Time now);
    void establish();

    bool check_seq(const Segment& segment, Time now);
    bool check_rst(const Segment& segment);
    bool check_syn(const Segment& segment);
    bool check_ack(const Segment& segment, Time now);
    void take_text(const Segment& segment, Time now);

    void on_fin_acked(Time now);
    void on_peer_fin(Time now);
    void enter_time_wait(Time now);
    void reset();
    void release();

    void flush(Time now);
    void emit(Outgoing out);

    Driver& driver_;
    Timer time_wait_;
    bool called_ = false; // the peer began it
};
