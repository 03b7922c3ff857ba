// One connection whose peer is the test: inject is what the network brings, sent returns what it was given.
#pragma once

#include "connection.h"
#include "network.h"

// Numbers are relative: the first byte of either side is 1, its SYN is 0.
class Script : Driver {
public:
    static constexpr Seq kISS = 1000, kIRS = 0xffff'fff0;

    explicit Script(const Conn& conn = {kLeft, kRight}) : connection(conn, *this, kISS) {}

    // Has the connection established, with the peer's window and MSS option.
    Script& establish(int window = 65535, std::optional<int> mss = 1460);

    // Has the peer call; the handshake is not done yet.
    Script& answer();

    void inject(int flags, Seq seq, Seq ack = 0, const Bytes& payload = {}, int window = 65535, std::optional<int> mss = {});

    // Returns what was sent since the last call, such as "SYN|ACK seq=0 ack=1 len=0".
    Strings sent();

    // Lets time pass, with ticks.
    void wait(Duration time);

    Time now{};
    Connection connection;
    Strings events;
    Bytes received;

private:
    void app_connected(const Conn&) override { events.push_back("app_connected"); }
    void app_recv(const Conn&, const Bytes& data) override { received.insert(received.end(), data.begin(), data.end()); }
    void app_peer_fin(const Conn&) override { events.push_back("app_peer_fin"); }
    void app_peer_rst(const Conn&) override { events.push_back("app_peer_rst"); }
    void release_connection(const Conn&) override { events.push_back("release_connection"); }
    void peer_connected(const Conn&) override { events.push_back("peer_connected"); }
    void tcp_tx(const Conn&, const Bytes& segment) override { out_.push_back(connection.path.parse(segment)); }

    std::vector<Segment> out_;
};

inline Bytes bytes(const std::string& text) { return {text.begin(), text.end()}; }
