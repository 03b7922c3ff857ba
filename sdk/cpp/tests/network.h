// A network in memory with a clock of its own, and one connection at each end of it.
#pragma once

#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "check.h"
#include "connection.h"

inline const Endpoint kLeft{"10.7.0.1", 61084}, kRight{"10.7.0.2", 80};

using Strings = std::vector<std::string>;

// How bad the network is: probabilities.
struct Weather {
    Duration delay = 10ms;
    double loss = 0, duplicate = 0, corrupt = 0, reorder = 0;
};

class Network;

// One end: takes the place of the driver for its connection, and notes what the application would see.
struct Host : Driver {
    Host(Network& network, const Conn& conn, Seq iss) : network(network), connection(conn, *this, iss) {}

    void app_connected(const Conn&) override { events.push_back("connected"); }
    void app_recv(const Conn&, const Bytes& data) override { received.insert(received.end(), data.begin(), data.end()); }
    void app_peer_fin(const Conn&) override { events.push_back("peer fin"); }
    void app_peer_rst(const Conn&) override { events.push_back("peer rst"); }
    void release_connection(const Conn&) override { events.push_back("released"); }
    void peer_connected(const Conn&) override { events.push_back("connected"); }
    void tcp_tx(const Conn&, const Bytes& segment) override;

    void input(const Bytes& data);
    bool has_seen(const std::string& event) const;
    bool is_closed() const { return connection.state == State::CLOSED; }

    Network& network;
    Connection connection;
    Host* peer = nullptr;
    Bytes received;
    Strings events;
    int sent = 0;                                 // segments
    std::function<bool(const Segment&)> loses = nullptr; // a test loses chosen ones
};

// Two hosts and the time. What happens depends on the seed alone.
class Network {
public:
    Network(const Weather& weather, unsigned seed);

    void carry(Host& sender, const Bytes& segment);
    void connect();

    // Lets time pass until a condition holds; a failure if it does not within a limit of virtual time.
    void run(const std::function<bool()>& until, Duration limit = 3600s);

    std::string describe() const;
    double chance() { return std::uniform_real_distribution<double>()(random); }

    Weather weather;
    std::mt19937 random;
    Time now{};
    int damaged = 0;
    Host left, right;

private:
    struct Packet {
        Host* to;
        Bytes data;
    };
    std::multimap<Time, Packet> under_way_;
};
