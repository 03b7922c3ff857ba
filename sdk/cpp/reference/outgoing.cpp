// A TCP for the driver: what the template leaves to you, done. Read connection.h and connection.cpp next, then sender and receiver.
//
// It retransmits, closes in any order, answers resets, keeps what arrives out of order, verifies checksums, measures the round trip,
// heeds the peer's window and the network's load, and gives back what it no longer needs. It leaves out what a laboratory can do
// without: window scaling, selective acknowledgment, timestamps, urgent data, path MTU discovery, keep-alives.

#include "outgoing.h"

#include <cstdio>
#include <iterator>
#include <stdexcept>

#include "api.h"
#include "connections.h"

void app_connect(const Conn& conn) {
    const Time now = Clock::now();
    add(conn, now).connect(now);
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
