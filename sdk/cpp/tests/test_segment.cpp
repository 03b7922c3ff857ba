// Headers, options, checksums, and numbers that wrap.

#include <random>

#include "network.h"
#include "segment.h"

namespace {

const Conn kIPv4{kLeft, kRight}, kIPv6{{"fd07::1", 61084}, {"fd07::2", 80}};

bool is_damaged(const Bytes& data) {
    try {
        Path(kIPv4).parse(data);
        return false;
    } catch (const std::invalid_argument&) {
        return true;
    }
}

} // namespace

// The segment of the vector tcp_tx, byte for byte.
TEST(a_known_segment) {
    const Bytes data{0xee, 0x9c, 0, 0x50, 0, 0, 0x03, 0xe8, 0, 0, 0, 0, 0x60, 0x02, 0x30, 0, 0x61, 0x41, 0, 0, 2, 4, 5, 0xb4};
    const Segment segment = Path(kIPv4).parse(data);
    CHECK(segment.seq, 1000);
    CHECK(segment.flags, SYN);
    CHECK(segment.window, 12288);
    CHECK(segment.mss.value(), 1460);
    CHECK(Path(kIPv4).build(segment), data);
}

TEST(round_trips) {
    std::mt19937 random(1);
    const auto number = [&] { return static_cast<Seq>(static_cast<std::uint32_t>(random())); };
    for (const Conn& conn : {kIPv4, kIPv6}) {
        for (const int size : {0, 1, 2, 3, 1459, 1460, 65000}) {
            Segment segment{number(), number(), ACK, 7, Bytes(size), {}};
            for (auto& byte : segment.payload) byte = random();
            const Segment got = Path({conn.dst, conn.src}).parse(Path(conn).build(segment)); // the peer's view
            CHECK(got.seq, segment.seq);
            CHECK(got.ack, segment.ack);
            CHECK(got.payload, segment.payload);
        }
    }
}

TEST(every_flipped_bit_is_noticed) {
    const Bytes data = Path(kIPv4).build({1, 2, ACK, 3, {'t', 'e', 'x', 't', '!'}, {}});
    for (std::size_t bit = 0; bit < 8 * data.size(); bit++) {
        Bytes damaged = data;
        damaged[bit / 8] ^= 1 << bit % 8;
        CHECK(is_damaged(damaged), true);
    }
    for (std::size_t size = 0; size < data.size(); size++) CHECK(is_damaged({data.begin(), data.begin() + size}), true);
}

TEST(options) {
    const auto find = [](const Bytes& options) { return find_mss(options, 0, options.size()).value_or(-1); };
    CHECK(find({}), -1);
    CHECK(find({2, 4, 5, 0xb4}), 1460);
    CHECK(find({1, 1, 2, 4, 5, 0xb4}), 1460);
    CHECK(find({8, 10, 0, 0, 0, 0, 0, 0, 0, 0, 2, 4, 0, 216}), 216);
    CHECK(find({0, 2, 4, 5, 0xb4}), -1);
    CHECK(find({3, 0}), -1);
    CHECK(find({3, 1}), -1);
    CHECK(find({2}), -1);
    CHECK(find({2, 4, 5}), -1);
    CHECK(find({2, 3, 255}), -1);
}

TEST(numbers_do_not_wrap) {
    for (const Seq near : {Seq(0), Seq(5), Seq(1) << 31, (Seq(1) << 32) - 1, 7 * (Seq(1) << 32) + 3}) {
        for (const Seq distance : {-(Seq(1) << 31), Seq(-70000), Seq(-1), Seq(0), Seq(1), Seq(70000), (Seq(1) << 31) - 1}) {
            CHECK(unwrap(static_cast<std::uint32_t>(near + distance), near), near + distance);
        }
    }
}

TEST(answers_to_stray_segments) {
    CHECK(reset_for({1, 2, RST, 0}).has_value(), false);
    const Segment to_ack = reset_for({1, 77, ACK, 0, {'a'}, {}}).value(), to_syn = reset_for({1, 0, SYN, 0, {'a', 'b'}, {}}).value();
    CHECK(to_ack.seq, 77);
    CHECK(to_ack.flags, RST);
    CHECK(to_syn.ack, 4);
    CHECK(to_syn.flags, RST | ACK);
}
