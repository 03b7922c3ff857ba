// The reference against itself, over networks that misbehave, in virtual time.

#include "network.h"
#include "script.h"

namespace {

constexpr std::size_t kMB = 1'000'000;
const Weather kFine{}, kBad{10ms, 0.03, 0.03, 0.02, 0.1};
const Strings kOrderly{"connected", "peer fin", "released"};

Bytes random_bytes(std::size_t size, unsigned seed) {
    std::mt19937 random(seed);
    Bytes data(size);
    for (auto& byte : data) byte = random();
    return data;
}

// Sends up bytes to the right and down bytes to the left, closes, and checks that all of it arrived. Returns how many
// segments were damaged.
int transfer(const Weather& weather, unsigned seed, std::size_t up, std::size_t down) {
    Network network(weather, seed);
    network.connect();
    const Bytes to_right = random_bytes(up, seed), to_left = random_bytes(down, ~seed);
    for (const auto& [host, data] : {std::pair(&network.left, &to_right), std::pair(&network.right, &to_left)}) {
        for (std::size_t at = 0; at < data->size(); at += 1460) { // as the driver hands it over
            const auto end = std::min(data->size(), at + 1460);
            host->connection.send({data->begin() + at, data->begin() + end}, network.now);
        }
        host->connection.finish(network.now);
    }
    network.run([&] { return network.left.is_closed() && network.right.is_closed(); });
    const auto note = "seed " + std::to_string(seed) + ": " + network.describe();
    CHECK_NOTE(network.right.received == to_right, true, note);
    CHECK_NOTE(network.left.received == to_left, true, note);
    CHECK_NOTE(network.left.events, kOrderly, note);
    CHECK_NOTE(network.right.events, kOrderly, note);
    return network.damaged;
}

// The left closes, the right somewhat later; perhaps the first FIN is lost.
void close(Duration second_after, bool lose) {
    Network network(kFine, 1);
    network.connect();
    auto& left = network.left;
    auto& right = network.right;
    left.loses = [lost = !lose](const Segment& segment) mutable { return !lost && segment.has(FIN) && (lost = true); };
    left.connection.finish(network.now);
    const Time end = network.now + second_after;
    network.run([&] { return network.now >= end; });
    right.connection.send(bytes("the rest"), network.now);
    right.connection.finish(network.now);
    network.run([&] { return left.is_closed() && right.is_closed(); }, 20s);
    CHECK(left.received, bytes("the rest"));
    CHECK(left.events, kOrderly);
    CHECK(right.events, kOrderly);
}

} // namespace

TEST(large_transfer) { transfer(kFine, 1, 3 * kMB, 10 * kMB); }

TEST(large_transfer_on_a_bad_path) { CHECK(transfer({10ms, 0.005, 0.01, 0.001, 0.01}, 2, 3 * kMB, 10 * kMB) > 5, true); }

TEST(transfers_from_seeds) {
    int damaged = 0;
    for (unsigned seed = 0; seed < 300; seed++) damaged += transfer(kBad, seed, 40'000, 60'000);
    CHECK(damaged > 300, true);
}

TEST(each_handshake_segment_lost) {
    for (int lost = 0; lost < 3; lost++) {
        Network network(kFine, 1);
        int count = 0;
        network.left.loses = network.right.loses = [&](const Segment&) { return count++ == lost; };
        network.left.connection.connect(network.now);
        network.run([&] { return network.left.has_seen("connected"); }, 5s);
        network.left.connection.send(bytes("hello"), network.now);
        network.run([&] { return network.right.received == bytes("hello"); }, 10s);
    }
}

// RFC 9293, Figure 8.
TEST(simultaneous_open) {
    Network network(kFine, 1);
    network.right.connection.connect(network.now);
    network.connect();
    network.right.connection.send(bytes("hello"), network.now);
    network.run([&] { return network.left.received == bytes("hello"); }, 5s);
}

TEST(every_order_of_closing) {
    for (const Duration second_after : {Duration(0), Duration(5ms), Duration(20ms), Duration(1s)}) {
        close(second_after, false);
        close(second_after, true);
    }
}

TEST(last_acknowledgment_lost) {
    Network network(kFine, 1);
    network.connect();
    auto& left = network.left;
    auto& right = network.right;
    right.connection.finish(network.now);
    network.run([&] { return left.has_seen("peer fin"); });
    bool dropped = false;
    right.loses = [&](const Segment&) { return right.connection.state == State::TIME_WAIT && !dropped && (dropped = true); };
    left.connection.finish(network.now);
    network.run([&] { return left.is_closed(); }, 3s);
    CHECK(dropped, true);
    CHECK(right.connection.state == State::TIME_WAIT, true);
}

TEST(abort_is_told_to_the_peer) {
    Network network(kFine, 1);
    network.connect();
    network.left.connection.send(bytes("hello"), network.now);
    network.left.connection.abort();
    network.run([&] { return network.right.is_closed(); }, 1s);
    CHECK(network.right.events, Strings({"connected", "peer rst"}));
}
