#include "codec.h"

#include <nlohmann/json.hpp>
#include <stdexcept>

using Json = nlohmann::ordered_json; // keeps keys in the order in which they are written here

namespace {

Json document(const Endpoint& end) { return {{"ip", end.ip}, {"port", end.port}}; }

Endpoint endpoint(const Json& document) {
    const auto& port = document.at("port");
    if (!port.is_number_integer() || port < 0 || port > 65535) throw std::invalid_argument("no port: " + port.dump());
    return {document.at("ip").get<std::string>(), port.get<int>()};
}

// BSON begins with its own length, which the library does not look at.
std::size_t length(const Bytes& datagram) {
    return datagram[0] | datagram[1] << 8 | datagram[2] << 16 | static_cast<std::size_t>(datagram[3]) << 24;
}

} // namespace

Bytes encode(const Message& message) {
    return Json::to_bson({
        {"conn", {{"src", document(message.conn.src)}, {"dst", document(message.conn.dst)}}},
        {"bytes", Json::binary(message.bytes)},
        {"flags", message.flags},
    });
}

Message decode(const Bytes& datagram) {
    if (datagram.size() < 5 || length(datagram) != datagram.size()) throw std::invalid_argument("no document");
    try {
        const auto document = Json::from_bson(datagram);
        const auto& conn = document.at("conn");
        const auto& bytes = document.at("bytes").get_binary();
        const auto& flags = document.at("flags");
        if (bytes.subtype() != 0 || !flags.is_number_integer() || flags < 0 || flags > 0xffff) {
            throw std::invalid_argument("bytes or flags of the wrong type or range");
        }
        return {{endpoint(conn.at("src")), endpoint(conn.at("dst"))}, bytes, flags.get<int>()};
    } catch (const Json::exception& error) {
        throw std::invalid_argument(error.what());
    }
}
