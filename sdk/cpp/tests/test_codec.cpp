// codec.h against the vectors that all SDKs share.

#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "check.h"
#include "codec.h"

namespace {

nlohmann::json vectors(const std::string& name) {
    std::ifstream file(VECTORS + name);
    if (!file) throw Failure("no " + name + " in " VECTORS);
    return nlohmann::json::parse(file);
}

Bytes unhex(const std::string& text) {
    Bytes bytes;
    for (std::size_t at = 0; at + 1 < text.size(); at += 2) bytes.push_back(std::stoi(text.substr(at, 2), nullptr, 16));
    return bytes;
}

// All that have fields: all but the tick.
std::vector<nlohmann::json> golden() {
    std::vector<nlohmann::json> all;
    for (const auto* name : {"golden.json", "incoming.json"}) {
        for (const auto& vector : vectors(name)) {
            if (vector.contains("conn")) all.push_back(vector);
        }
    }
    return all;
}

std::vector<Bytes> golden_datagrams() {
    std::vector<Bytes> all;
    for (const auto& vector : golden()) all.push_back(unhex(vector["hex"]));
    return all;
}

bool is_refused(const Bytes& datagram) {
    try {
        decode(datagram);
        return false;
    } catch (const std::invalid_argument&) {
        return true;
    }
}

Endpoint endpoint(const nlohmann::json& end) { return {end["ip"], end["port"]}; }

} // namespace

TEST(golden_vectors) {
    int seen = 0;
    for (const auto& vector : golden()) {
        const Message got = decode(unhex(vector["hex"]));
        Message want{{endpoint(vector["conn"]["src"]), endpoint(vector["conn"]["dst"])}, unhex(vector["bytes"]), vector["flags"]};
        want.extensions = vector.value("extensions", got.extensions); // golden.json does not say which there are
        CHECK_NOTE(got.extensions, want.extensions, vector["name"]);
        CHECK_NOTE(got.conn == want.conn, true, vector["name"]);
        CHECK_NOTE(got.bytes, want.bytes, vector["name"]);
        CHECK_NOTE(got.flags, want.flags, vector["name"]);
        if (vector["strict"]) CHECK_NOTE(encode(want), unhex(vector["hex"]), vector["name"]);
        seen++;
    }
    CHECK(seen > 30, true);
}

// Whatever else is there is not ours: it is passed over.
TEST(extensions) {
    using Names = std::vector<std::string>;
    const auto read = [](const nlohmann::json& extensions) {
        const nlohmann::json end{{"ip", ""}, {"port", 0}};
        return decode(nlohmann::json::to_bson({
            {"conn", {{"src", end}, {"dst", end}}}, {"bytes", nlohmann::json::binary({})}, {"flags", 0xa0}, {"extensions", extensions},
        })).extensions;
    };
    CHECK(read({"one", "two"}), Names({"one", "two"}));
    CHECK(read({1.5, "two", {"three"}, {{"0", "four"}}, nullptr, "five"}), Names({"two", "five"}));
    CHECK(read("one"), Names{});
    CHECK(read({{"0", "one"}}), Names{});
    CHECK(read(nullptr), Names{});
}

TEST(bad_vectors) {
    for (const auto& vector : vectors("bad.json")) CHECK_NOTE(is_refused(unhex(vector["hex"])), true, vector["name"]);
}

TEST(cut_datagrams) {
    for (const auto& datagram : golden_datagrams()) {
        for (std::size_t size = 0; size < datagram.size(); size += 1 + datagram.size() / 200) {
            CHECK(is_refused({datagram.begin(), datagram.begin() + size}), true);
        }
    }
}

// Whatever arrives, it is understood or refused.
TEST(damaged_datagrams) {
    std::mt19937 random(1);
    const auto datagrams = golden_datagrams();
    int refused = 0;
    for (int i = 0; i < 20'000; i++) {
        Bytes datagram = datagrams[random() % datagrams.size()];
        for (int n = 1 + random() % 4; n > 0; n--) datagram[random() % std::min<std::size_t>(200, datagram.size())] = random();
        refused += is_refused(datagram);
    }
    CHECK(refused > 5000, true);
}
