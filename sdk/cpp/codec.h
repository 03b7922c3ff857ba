// Datagrams between SDK and driver: BSON documents of one shape.
//
//   {conn: {src: {ip, port}, dst: {ip, port}}, bytes: binary, flags: integer}
//
// A hello may also have extensions: an array of strings, what its sender knows beyond version 1 of the protocol.
//
// All functions may be called from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

using Bytes = std::vector<std::uint8_t>;

// One end of a connection.
struct Endpoint {
    std::string ip;
    int port = 0;

    bool operator==(const Endpoint& other) const { return port == other.port && ip == other.ip; }
    bool operator<(const Endpoint& other) const { return std::tie(port, ip) < std::tie(other.port, other.ip); }
};

// Names a connection; can be the key of a std::map.
struct Conn {
    Endpoint src; // this end, as the driver chose it
    Endpoint dst; // the remote end

    bool operator==(const Conn& other) const { return src == other.src && dst == other.dst; }
    bool operator<(const Conn& other) const { return std::tie(src, dst) < std::tie(other.src, other.dst); }
};

// What one datagram says.
struct Message {
    Conn conn;
    Bytes bytes;
    int flags = 0;
    std::vector<std::string> extensions = {}; // written only if there are any
};

// Returns the datagram of a message.
Bytes encode(const Message& message);

// Returns the message of a datagram. Throws std::invalid_argument if it is none.
Message decode(const Bytes& datagram);
