#include "segment.h"

#include <arpa/inet.h>
#include <stdexcept>

namespace {

constexpr std::size_t kHeader = 20;

std::uint32_t get16(const Bytes& data, std::size_t at) { return data[at] << 8 | data[at + 1]; }
std::uint32_t get32(const Bytes& data, std::size_t at) { return get16(data, at) << 16 | get16(data, at + 2); }

void put16(Bytes& data, std::size_t at, std::uint32_t value) {
    data[at] = value >> 8;
    data[at + 1] = value;
}

void put32(Bytes& data, std::size_t at, std::uint32_t value) {
    put16(data, at, value >> 16);
    put16(data, at + 2, value);
}

// Adds 16-bit words. The last byte of an odd number is the upper half of one: RFC 9293, Section 3.1, "padding the last octet with
// zeros on its right".
std::uint64_t sum(const Bytes& data) {
    std::uint64_t total = 0;
    for (std::size_t at = 0; at + 1 < data.size(); at += 2) total += get16(data, at);
    if (data.size() % 2 == 1) total += data.back() << 8;
    return total;
}

Bytes packed(int family, const std::string& ip) {
    Bytes address(family == AF_INET6 ? 16 : 4);
    if (inet_pton(family, ip.c_str(), address.data()) != 1) throw std::invalid_argument("no address: " + ip);
    return address;
}

} // namespace

std::optional<Segment> reset_for(const Segment& segment) {
    if (segment.has(RST)) return {};
    if (segment.has(ACK)) return Segment{segment.ack, 0, RST, 0};
    return Segment{0, segment.seq + segment.length(), RST | ACK, 0};
}

Path::Path(const Conn& conn) : source_(conn.src.port), destination_(conn.dst.port) {
    const bool v6 = conn.src.ip.find(':') != std::string::npos;
    // What we take is an Ethernet frame less the headers of IP and TCP. Of a peer that does not say what it takes, RFC 9293,
    // Section 3.7.1, assumes "536 (576 - 40) for IPv4 or 1220 (1280 - 60) for IPv6".
    mss = v6 ? 1440 : 1460;
    default_mss = v6 ? 1220 : 536;
    const int family = v6 ? AF_INET6 : AF_INET;
    pseudo_header_ = sum(packed(family, conn.src.ip)) + sum(packed(family, conn.dst.ip)) + IPPROTO_TCP;
}

Bytes Path::build(const Segment& segment) const {
    const std::size_t size = kHeader + (segment.mss ? 4 : 0);
    Bytes data(size);
    put16(data, 0, source_);
    put16(data, 2, destination_);
    put32(data, 4, static_cast<std::uint32_t>(segment.seq));
    put32(data, 8, static_cast<std::uint32_t>(segment.ack));
    data[12] = size / 4 << 4;
    data[13] = segment.flags;
    put16(data, 14, segment.window);
    if (segment.mss) put32(data, kHeader, 2 << 24 | 4 << 16 | *segment.mss);
    data.insert(data.end(), segment.payload.begin(), segment.payload.end());
    put16(data, 16, checksum(data)); // it was zero so far, as the RFC wants it
    return data;
}

Segment Path::parse(const Bytes& data) const {
    if (data.size() < kHeader) throw std::invalid_argument("shorter than a header");
    const std::size_t start = (data[12] >> 4) * 4;
    if (start < kHeader || start > data.size()) throw std::invalid_argument("the data offset points outside of the segment");
    if (checksum(data) != 0) throw std::invalid_argument("wrong checksum");
    Segment segment{get32(data, 4), get32(data, 8), data[13], static_cast<int>(get16(data, 14)), {}, {}};
    if (segment.has(SYN)) segment.mss = find_mss(data, kHeader, start);
    segment.payload.assign(data.begin() + start, data.end());
    return segment;
}

// The Internet checksum: the complement of a sum whose overflow is added back in at the low end. Over data that includes its
// checksum it is zero.
std::uint16_t Path::checksum(const Bytes& data) const {
    std::uint64_t total = pseudo_header_ + data.size() + sum(data);
    while (total > 0xffff) total = (total >> 16) + (total & 0xffff);
    return ~total;
}

// RFC 9293, Section 3.2. All other options are passed over.
std::optional<int> find_mss(const Bytes& data, std::size_t first, std::size_t last) {
    for (std::size_t at = first; at < last && data[at] != 0;) { // 0 ends the list
        if (data[at] == 1) { // no operation: a single byte
            at++;
            continue;
        }
        const std::size_t size = at + 1 < last ? data[at + 1] : 0;
        if (size < 2 || at + size > last) return {};
        if (data[at] == 2 && size == 4) return get16(data, at + 2);
        at += size;
    }
    return {};
}
