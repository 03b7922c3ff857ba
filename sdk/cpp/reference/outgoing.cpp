// A TCP for the driver: what the template leaves to you, done. Read connection.h and connection.cpp next, then sender and receiver.
//
// It retransmits, closes in any order, answers resets, keeps what arrives out of order, verifies checksums, measures the round trip,
// heeds the peer's window and the network's load, and gives back what it no longer needs. It leaves out what a laboratory can do
// without: window scaling, selective acknowledgment, timestamps, urgent data, path MTU discovery, keep-alives.

#include "outgoing.h"

#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <stdexcept>

#include "api.h"
#include "connection.h"

namespace {

class Calls : public Driver {
    void app_connected(const Conn& conn) override { ::app_connected(conn); }
    void app_recv(const Conn& conn, const Bytes& data) override { ::app_recv(conn, data); }
    void app_peer_fin(const Conn& conn) override { ::app_peer_fin(conn); }
    void app_peer_rst(const Conn& conn) override { ::app_peer_rst(conn); }
    void tcp_tx(const Conn& conn, const Bytes& segment) override { ::tcp_tx(conn, segment); }
    void release_connection(const Conn& conn) override { ::release_connection(conn); }
};

Calls calls;
std::map<Conn, std::unique_ptr<Connection>> connections;

Connection* find(const Conn& conn) {
    const auto found = connections.find(conn);
    return found == connections.end() ? nullptr : found->second.get();
}

// RFC 9293, Section 3.4.1: "ISN = M + F(localip, localport, remoteip, remoteport, secretkey)". M counts up every 4 microseconds, so that
// an old connection's segments fall outside of a new one's window; F keeps others from guessing it. The hash of the standard library
// makes that hard enough for a laboratory, not for the Internet.
Seq initial_sequence_number(const Conn& conn, Time now) {
    static const std::string secret = std::to_string(std::random_device{}()) + std::to_string(std::random_device{}());
    const auto name = conn.src.ip + ' ' + std::to_string(conn.src.port) + ' ' + conn.dst.ip + ' ' + std::to_string(conn.dst.port);
    const auto m = std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count() / 4;
    return static_cast<std::uint32_t>(m + std::hash<std::string>{}(secret + name));
}

} // namespace

void app_connect(const Conn& conn) {
    const Time now = Clock::now();
    auto& connection = connections[conn];
    connection = std::make_unique<Connection>(conn, calls, initial_sequence_number(conn, now));
    connection->connect(now);
}

void app_send(const Conn& conn, const Bytes& data) {
    if (auto* connection = find(conn)) connection->send(data, Clock::now());
}

void app_fin(const Conn& conn) {
    if (auto* connection = find(conn)) connection->finish(Clock::now());
}

void app_rst(const Conn& conn) {
    if (auto* connection = find(conn)) connection->abort();
    connections.erase(conn);
}

void tcp_rx(const Conn& conn, const Bytes& data) try {
    auto* connection = find(conn);
    if (connection == nullptr) {
        const Path path(conn);
        if (const auto answer = reset_for(path.parse(data))) tcp_tx(conn, path.build(*answer));
        return;
    }
    connection->on_segment(connection->path.parse(data), Clock::now());
    if (connection->state == State::CLOSED) connections.erase(conn);
} catch (const std::invalid_argument& error) {
    std::fprintf(stderr, "a segment of %s:%d: %s\n", conn.dst.ip.c_str(), conn.dst.port, error.what());
}

void tick() {
    const Time now = Clock::now();
    for (auto at = connections.begin(); at != connections.end();) {
        at->second->on_tick(now);
        at = at->second->state == State::CLOSED ? connections.erase(at) : std::next(at);
    }
}
