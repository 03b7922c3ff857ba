// Segments: what lies in a TCP header, and how it is read and written. RFC 9293, Section 3.1.
//
//    0                   1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   |          Source Port          |       Destination Port        |
//   |                        Sequence Number                        |
//   |                    Acknowledgment Number                      |
//   | Offset| Rsrvd |     Flags     |            Window             |
//   |           Checksum            |         Urgent Pointer        |
//   |                           [Options]                           |
//   :                             Data                              :
#pragma once

#include <cstdint>
#include <optional>

#include "codec.h"

enum Flag : std::uint8_t { FIN = 0x01, SYN = 0x02, RST = 0x04, PSH = 0x08, ACK = 0x10 };

// A sequence number that does not wrap. On the wire they begin again at 0 after 2^32 - 1, and to compare them is an art. In this
// TCP they simply go on: they are compared with < and subtracted with -. unwrap makes them so, and Path::build cuts them back.
using Seq = std::int64_t;

// Returns the number closest to near whose low 32 bits are those of number.
constexpr Seq unwrap(Seq number, Seq near) { return near + static_cast<std::int32_t>(static_cast<std::uint32_t>(number - near)); }

struct Segment {
    Seq seq = 0;
    Seq ack = 0;
    int flags = 0;
    int window = 0;
    Bytes payload = {};
    std::optional<int> mss = {}; // of the Maximum Segment Size option, which only a SYN carries

    bool has(Flag flag) const { return (flags & flag) != 0; }

    // Sequence numbers that the segment occupies: SYN and FIN count as one each. RFC 9293, Section 3.4: SEG.LEN.
    Seq length() const { return static_cast<Seq>(payload.size()) + has(SYN) + has(FIN); }
};

// Returns the answer to a segment that belongs to no connection, if there is one. RFC 9293, Section 3.10.7.1.
std::optional<Segment> reset_for(const Segment& segment);

// What all segments of a connection have in common: ports, and the addresses that the checksum covers.
class Path {
public:
    explicit Path(const Conn& conn);

    Bytes build(const Segment& segment) const;

    // Returns the segment of data. Throws std::invalid_argument if it is damaged.
    Segment parse(const Bytes& data) const;

    int mss;         // of the segments that we take
    int default_mss; // of those that a peer takes which does not say

private:
    std::uint16_t checksum(const Bytes& data) const;

    int source_, destination_;
    std::uint64_t pseudo_header_;
};

// Returns the value of the Maximum Segment Size option in bytes first to last of data.
std::optional<int> find_mss(const Bytes& data, std::size_t first, std::size_t last);
