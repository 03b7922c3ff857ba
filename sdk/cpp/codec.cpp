#include "codec.h"

#include <algorithm>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

using Json = nlohmann::ordered_json; // keeps keys in the order in which they are written here

namespace {

Json document(const Endpoint& end) { return {{"ip", end.ip}, {"port", end.port}}; }

// Takes a message from what the library's parser meets, and passes over what else there is in a document. The parser calls itself
// for each document within a document, so what is nested deeply has to be refused before it has used up the stack.
class Reader final : public nlohmann::json_sax<Json> {
public:
    Message message;
    std::string why; // it was refused

    bool is_complete() const { return found_ == kAll; }

    bool start_object(std::size_t) override { return enter(); }
    bool end_object() override { return leave(); }
    bool start_array(std::size_t) override { return enter(); }
    bool end_array() override { return leave(); }
    bool key(std::string& name) override {
        path_.back() = name;
        return true;
    }

    bool string(std::string& value) override {
        if (is_at({"conn", "src", "ip"})) return take(kSrcIp, message.conn.src.ip, value);
        if (is_at({"conn", "dst", "ip"})) return take(kDstIp, message.conn.dst.ip, value);
        if (is_at({"extensions", ""})) message.extensions.push_back(value); // what is in an array has no key
        return true;
    }
    bool number_integer(std::int64_t value) override {
        if (is_at({"flags"})) return take_number(kFlags, message.flags, value);
        if (is_at({"conn", "src", "port"})) return take_number(kSrcPort, message.conn.src.port, value);
        if (is_at({"conn", "dst", "port"})) return take_number(kDstPort, message.conn.dst.port, value);
        return true;
    }
    bool binary(Json::binary_t& value) override {
        return is_at({"bytes"}) && value.subtype() == 0 ? take(kBytes, message.bytes, value) : true;
    }

    bool number_unsigned(std::uint64_t) override { return true; }
    bool number_float(double, const std::string&) override { return true; }
    bool boolean(bool) override { return true; }
    bool null() override { return true; }
    bool parse_error(std::size_t, const std::string&, const Json::exception& error) override { return refuse(error.what()); }

private:
    enum Found { kSrcIp = 1, kSrcPort = 2, kDstIp = 4, kDstPort = 8, kBytes = 16, kFlags = 32, kAll = 63 };

    static constexpr std::size_t kDeepest = 16; // ours are two deep

    int found_ = 0;
    std::vector<std::string> path_; // the keys on the way to where the parser is

    bool refuse(const std::string& reason) {
        why = reason;
        return false;
    }
    bool enter() {
        if (path_.size() > kDeepest) return refuse("documents within documents, too deep");
        path_.emplace_back();
        return true;
    }
    bool leave() {
        path_.pop_back();
        return true;
    }
    bool is_at(std::initializer_list<const char*> keys) const {
        return std::equal(path_.begin(), path_.end(), keys.begin(), keys.end());
    }
    template <class To, class From> bool take(Found which, To& to, From& from) {
        to = std::move(from);
        found_ |= which;
        return true;
    }
    bool take_number(Found which, int& to, std::int64_t value) {
        if (value < 0 || value > 0xffff) return refuse("a number out of range: " + std::to_string(value));
        return take(which, to, value);
    }
};

// BSON begins with its own length, which the library does not look at.
std::size_t length(const Bytes& datagram) {
    return datagram[0] | datagram[1] << 8 | datagram[2] << 16 | static_cast<std::size_t>(datagram[3]) << 24;
}

} // namespace

Bytes encode(const Message& message) {
    Json whole{
        {"conn", {{"src", document(message.conn.src)}, {"dst", document(message.conn.dst)}}},
        {"bytes", Json::binary(message.bytes)},
        {"flags", message.flags},
    };
    if (!message.extensions.empty()) whole["extensions"] = message.extensions;
    return Json::to_bson(whole);
}

Message decode(const Bytes& datagram) {
    if (datagram.size() < 5 || length(datagram) != datagram.size()) throw std::invalid_argument("no document");
    Reader reader;
    const bool is_document = Json::sax_parse(datagram, &reader, Json::input_format_t::bson);
    if (!is_document) throw std::invalid_argument(reader.why);
    if (!reader.is_complete()) throw std::invalid_argument("a key is missing, or has a value of the wrong type");
    return std::move(reader.message);
}
