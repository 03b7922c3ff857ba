#include "api.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <sys/socket.h>

namespace {

// What the flags of a message to the driver mean.
enum Flags {
    kAppRecv = 0x00,
    kAppPeerFin = 0x01,
    kAppConnected = 0x02,
    kAppPeerRst = 0x04,
    kPeerConnected = 0x12, // only if driver and program both know of incoming connections
    kTcpTx = 0x40,
    kRelease = 0x80,
    kHello = 0xa0,
};

constexpr std::size_t kLargestRecv = 65536; // bytes in one message

int driver = -1;

// A datagram: the kernel sends it whole, whatever other threads do meanwhile.
void send_message(const Conn& conn, const Bytes& data, Flags flags, const std::vector<std::string>& extensions = {}) {
    const Bytes datagram = encode({conn, data, flags, extensions});
    while (::send(driver, datagram.data(), datagram.size(), MSG_NOSIGNAL) < 0) {
        if (errno == EINTR) continue;
        std::perror("the driver is gone");
        std::_Exit(1); // from whatever thread this is
    }
}

} // namespace

void app_connected(const Conn& conn) { send_message(conn, {}, kAppConnected); }

void app_recv(const Conn& conn, const Bytes& data) {
    for (std::size_t at = 0; at < data.size(); at += kLargestRecv) {
        const auto end = std::min(data.size(), at + kLargestRecv);
        send_message(conn, {data.begin() + at, data.begin() + end}, kAppRecv);
    }
}

void app_peer_fin(const Conn& conn) { send_message(conn, {}, kAppPeerFin); }

void app_peer_rst(const Conn& conn) { send_message(conn, {}, kAppPeerRst); }

void tcp_tx(const Conn& conn, const Bytes& segment) { send_message(conn, segment, kTcpTx); }

void release_connection(const Conn& conn) { send_message(conn, {}, kRelease); }

void peer_connected(const Conn& conn) { send_message(conn, {}, kPeerConnected); }

void attach(int descriptor, const std::vector<std::string>& extensions) {
    driver = descriptor;
    const std::string name = "network_exp4";
    send_message({{"127.84.0.1", 8484}, {"", 0}}, {name.begin(), name.end()}, kHello, extensions);
}
