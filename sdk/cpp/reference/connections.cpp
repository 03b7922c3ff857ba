#include "connections.h"

#include <functional>
#include <random>

#include "api.h"

namespace {

class Calls : public Driver {
    void app_connected(const Conn& conn) override { ::app_connected(conn); }
    void app_recv(const Conn& conn, const Bytes& data) override { ::app_recv(conn, data); }
    void app_peer_fin(const Conn& conn) override { ::app_peer_fin(conn); }
    void app_peer_rst(const Conn& conn) override { ::app_peer_rst(conn); }
    void tcp_tx(const Conn& conn, const Bytes& segment) override { ::tcp_tx(conn, segment); }
    void release_connection(const Conn& conn) override { ::release_connection(conn); }
    void peer_connected(const Conn& conn) override { ::peer_connected(conn); }
};

Calls calls;

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

std::map<Conn, std::unique_ptr<Connection>> connections;

Connection& add(const Conn& conn, Time now) {
    auto& connection = connections[conn];
    connection = std::make_unique<Connection>(conn, calls, initial_sequence_number(conn, now));
    return *connection;
}

Connection* find(const Conn& conn) {
    const auto found = connections.find(conn);
    return found == connections.end() ? nullptr : found->second.get();
}
