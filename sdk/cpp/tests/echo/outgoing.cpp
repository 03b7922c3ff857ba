// An SDK program that answers every call with one that says what was called.

#include "outgoing.h"

#include <string>
#include <thread>
#include <vector>

#include "api.h"

namespace {

Bytes bytes(const std::string& text) { return {text.begin(), text.end()}; }

} // namespace

void app_connect(const Conn& conn) { app_recv(conn, bytes("app_connect")); }

void app_send(const Conn& conn, const Bytes& data) {
    Bytes answer = bytes("app_send ");
    answer.insert(answer.end(), data.begin(), data.end());
    app_recv(conn, answer);
}

void app_fin(const Conn& conn) {
    app_peer_fin(conn);
    app_peer_rst(conn);
    release_connection(conn);
    app_connected(conn);
}

// Four threads speak at the same time.
void app_rst(const Conn& conn) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; i++) {
        threads.emplace_back([conn] {
            for (int j = 0; j < 100; j++) app_recv(conn, Bytes(1000, 'x'));
        });
    }
    for (auto& thread : threads) thread.join();
}

void tcp_rx(const Conn& conn, const Bytes& segment) { tcp_tx(conn, segment); }

void tick() { app_recv({{"", 0}, {"", 0}}, bytes("tick")); }
