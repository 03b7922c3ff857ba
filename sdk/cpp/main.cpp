// The program around a TCP: joins the driver, and calls the functions of outgoing.cpp for each of its messages.
//
// The driver has to run already. While it serves another SDK this program waits.
//
// If there is an incoming.cpp, the program takes connections that others begin, too, from drivers that have any.

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <system_error>
#include <thread>
#include <unistd.h>

#include "api.h"
#include "incoming.h"
#include "outgoing.h"

namespace {

constexpr std::size_t kLongest = 500'000; // a datagram as long as that is an error
constexpr std::chrono::milliseconds kRetry{500}; // between attempts while the driver is taken

// What the flags of a message from the driver mean.
enum Flags { kAppSend = 0x00, kAppFin = 0x01, kAppConnect = 0x02, kAppRst = 0x04, kTcpRx = 0x40, kPeerConnect = 0x12, kAnswer = 0xa0 };

// What a program with an incoming.cpp names in its hello, and a driver that knows what that is in its answer.
const std::string kIncoming = "incoming";

std::system_error failed(const std::string& what) { return {errno, std::generic_category(), what}; }

sockaddr_un address(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) throw std::invalid_argument("too long for a socket: " + path);
    path.copy(address.sun_path, path.size());
    return address;
}

// Returns a socket that is connected to the driver. Throws std::system_error if there is none.
int join(const std::string& directory) {
    const auto own = address(directory + "/network-exp4-sdk.socket");
    const auto driver = address(directory + "/network-exp4-driver.socket");
    const int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) throw failed("socket");
    if (unlink(own.sun_path) < 0 && errno != ENOENT) throw failed(own.sun_path);
    if (bind(descriptor, reinterpret_cast<const sockaddr*>(&own), sizeof own) < 0) throw failed(own.sun_path);
    while (connect(descriptor, reinterpret_cast<const sockaddr*>(&driver), sizeof driver) < 0) {
        if (errno != EPERM) throw failed(driver.sun_path); // EPERM: the driver is connected to another SDK
        std::this_thread::sleep_for(kRetry);
    }
    return descriptor;
}

void dispatch(const Message& message, bool takes_calls) {
    switch (message.flags) {
    case kAppConnect: return app_connect(message.conn);
    case kAppSend: return app_send(message.conn, message.bytes);
    case kAppFin: return app_fin(message.conn);
    case kAppRst: return app_rst(message.conn);
    case kTcpRx: return tcp_rx(message.conn, message.bytes);
    case kPeerConnect:
        if (takes_calls) return peer_connect(message.conn, message.bytes);
    }
    std::fprintf(stderr, "a datagram from the driver: unknown flags %#x\n", message.flags);
}

// Returns the message of a datagram; or none, having said why.
bool understand(const Bytes& datagram, Message& message) {
    try {
        message = decode(datagram);
        return true;
    } catch (const std::invalid_argument& error) {
        std::fprintf(stderr, "a datagram from the driver: %s\n", error.what());
        return false;
    }
}

Bytes receive(int descriptor, int flags = 0) {
    static Bytes buffer(kLongest);
    for (;;) {
        const ssize_t size = recv(descriptor, buffer.data(), buffer.size(), flags);
        if (size >= 0) return {buffer.begin(), buffer.begin() + size};
        if (errno != EINTR) throw failed("receive");
    }
}

// Waits for what the driver says to a hello that names kIncoming: does it know what that is?
//
// One that does answers with a hello of its own, before anything else. One of version 1 does not answer, and begins with what it always
// says, a tick at the latest. So it is enough to look at the first datagram, which is left for serve if it is no answer.
bool is_answered(int descriptor) try {
    const Message first = decode(receive(descriptor, MSG_PEEK));
    if (first.flags != kAnswer) return false;
    receive(descriptor);
    return std::count(first.extensions.begin(), first.extensions.end(), kIncoming) > 0;
} catch (const std::invalid_argument&) {
    return false;
}

// Receives and dispatches for ever. What cannot be understood is reported and passed over.
[[noreturn]] void serve(int descriptor, bool takes_calls) {
    Message message;
    for (;;) {
        const Bytes datagram = receive(descriptor);
        if (datagram.size() == kLongest) {
            std::fprintf(stderr, "a datagram from the driver: %zu bytes or more\n", kLongest);
        } else if (datagram == Bytes{0}) {
            tick();
        } else if (understand(datagram, message)) {
            dispatch(message, takes_calls);
        }
    }
}

} // namespace

int main() {
    const char* directory = std::getenv("ANTEDON_LAB_DIR");
    try {
        const int descriptor = join(directory != nullptr ? directory : "/tmp");
        const bool can_be_called = peer_connect != nullptr;
        attach(descriptor, can_be_called ? std::vector{kIncoming} : std::vector<std::string>{});
        const bool takes_calls = can_be_called && is_answered(descriptor);
        if (can_be_called && !takes_calls) std::fputs("the driver knows nothing of incoming connections: nobody will call\n", stderr);
        serve(descriptor, takes_calls);
    } catch (const std::system_error& error) {
        std::fprintf(stderr, "the driver is gone, or was never there: %s\n", error.what());
        return 1;
    }
}
