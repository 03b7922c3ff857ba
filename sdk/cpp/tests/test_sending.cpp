// What the reference sends and when: windows, timeouts, losses.

#include "script.h"

TEST(maximum_segment_size) {
    for (const auto& [announced, want] : {std::pair(1460, 1460), {500, 500}, {9000, 1460}, {0, 536}}) {
        Script t;
        t.establish(65535, announced > 0 ? std::optional(announced) : std::nullopt).connection.send(Bytes(3000), t.now);
        CHECK(t.sent().front(), "ACK seq=1 ack=1 len=" + std::to_string(want));
    }
}

TEST(window) {
    Script t;
    t.establish(2000).connection.send(Bytes(5000), t.now);
    CHECK_NOTE(t.sent(), Strings{"ACK seq=1 ack=1 len=1460"}, "the rest of the window is a crumb");
    t.inject(ACK, 1, 1461, {}, 3540);
    CHECK(t.sent(), Strings({"ACK seq=1461 ack=1 len=1460", "ACK seq=2921 ack=1 len=1460", "ACK seq=4381 ack=1 len=620"}));
}

TEST(old_segment_does_not_set_the_window) {
    Script t;
    t.establish().inject(ACK, 4, 1, bytes("def"), 3000);
    CHECK(t.connection.snd.wnd, 3000);
    t.inject(ACK, 1, 1, bytes("abc"), 9); // begins before the one above
    CHECK(t.connection.snd.wnd, 3000);
}

TEST(zero_window) {
    Script t;
    t.establish(0).connection.send(bytes("hello"), t.now);
    CHECK(t.sent(), Strings{});
    for (int i = 0; i < 5; i++) {
        t.wait(61s);
        const auto probes = t.sent();
        CHECK(probes.empty(), false);
        CHECK(probes, Strings(probes.size(), "ACK seq=1 ack=1 len=1"));
        t.inject(ACK, 1, 1, {}, 0); // it did not take the byte
    }
    t.inject(ACK, 1, 1, {}, 100);
    CHECK_NOTE(t.sent(), Strings{"ACK seq=1 ack=1 len=5"}, "the byte of the probe goes again");
    t.wait(1100ms);
    CHECK_NOTE(t.sent().size(), 1u, "the time of waiting says nothing of the network");
    t.inject(ACK, 1, 6);
    t.wait(200s);
    CHECK(t.sent(), Strings{});
    CHECK(t.connection.state == State::ESTABLISHED, true);
}

TEST(probe_that_is_taken) {
    Script t;
    t.establish(0).connection.send(bytes("hello"), t.now);
    t.wait(1100ms);
    t.sent();
    t.inject(ACK, 1, 2, {}, 100);
    CHECK(t.sent(), Strings{"ACK seq=2 ack=1 len=4"});
}

TEST(timeout_backs_off_and_gives_up) {
    Script t;
    t.establish().connection.send(bytes("hello"), t.now);
    std::vector<long> times;
    while (t.connection.state == State::ESTABLISHED) {
        times.insert(times.end(), t.sent().size(), std::chrono::duration_cast<std::chrono::seconds>(t.now.time_since_epoch()).count());
        t.wait(100ms);
        CHECK(t.now < Time(300s), true);
    }
    CHECK(times, std::vector<long>({0, 1, 3, 7, 15, 31, 63, 123}));
    CHECK(t.events.back(), "app_peer_rst");
    CHECK(t.now > Time(180s), true);
}

TEST(syn_timeout) {
    Script t;
    t.connection.connect(t.now);
    t.wait(3100ms);
    CHECK(t.sent(), Strings(3, "SYN seq=0 len=0"));
    t.wait(176s);
    CHECK_NOTE(t.connection.state == State::SYN_SENT, true, "three minutes at least");
    t.wait(120s);
    CHECK(t.events, Strings{"app_peer_rst"});
}

TEST(lost_syn_costs_the_initial_window) {
    Script t;
    t.connection.connect(t.now);
    t.wait(1100ms);
    t.inject(SYN | ACK, 0, 1, {}, 65535, 1460);
    t.sent();
    t.connection.send(Bytes(20'000), t.now);
    CHECK(t.sent().size(), 1u);
}

TEST(slow_start) {
    Script t;
    t.establish().connection.send(Bytes(60'000), t.now);
    CHECK_NOTE(t.sent().size(), 10u, "RFC 6928");
    t.inject(ACK, 1, 1 + 2 * 1460);
    CHECK_NOTE(t.sent().size(), 3u, "two have left, and the window has grown by one");
}

TEST(fast_retransmit) {
    Script t;
    t.establish().connection.send(Bytes(14'600), t.now);
    t.sent();
    for (const auto& want : {Strings{}, Strings{}, Strings{"ACK seq=1 ack=1 len=1460"}, Strings{}, Strings{}}) {
        t.inject(ACK, 1, 1);
        CHECK(t.sent(), want);
    }
    t.inject(ACK, 1, 1 + 4 * 1460); // up to a second hole
    CHECK(t.sent(), Strings{"ACK seq=5841 ack=1 len=1460"});
    t.inject(ACK, 1, 14'601);
    CHECK(t.sent(), Strings{});
    CHECK(t.connection.snd.congestion.is_recovering(), false);
}

TEST(timeout_goes_back) {
    Script t;
    t.establish().connection.send(Bytes(5 * 1460), t.now);
    t.sent();
    t.wait(1100ms);
    CHECK_NOTE(t.sent(), Strings{"ACK seq=1 ack=1 len=1460"}, "one segment");
    t.inject(ACK, 1, 1 + 2 * 1460);
    CHECK_NOTE(t.sent().size(), 2u, "then two");
    t.inject(ACK, 1, 1 + 5 * 1460);
    CHECK(t.sent(), Strings{});
    CHECK(t.connection.snd.una, t.connection.snd.max);
}

TEST(round_trip_time) {
    RoundTrip estimate;
    CHECK(estimate.rto() == 1s, true);
    estimate.sample(2s);
    CHECK(estimate.srtt() == 2s && estimate.rttvar() == 1s && estimate.rto() == 6s, true);
    estimate.sample(1s);
    CHECK(estimate.srtt() == 1875ms && estimate.rttvar() == 1s, true);
    estimate.back_off();
    CHECK(estimate.rto() == 2 * 5875ms, true);
    for (int i = 0; i < 100; i++) estimate.sample(10ms);
    CHECK(estimate.rto() == 1s, true);
}

TEST(round_trip_is_measured) {
    Network network({400ms}, 1);
    network.connect();
    network.left.connection.send(Bytes(100'000), network.now);
    network.run([&] { return network.right.received.size() == 100'000; }, 30s);
    const Duration srtt = network.left.connection.snd.rtt.srtt().value();
    CHECK(srtt > 700ms && srtt < 900ms, true);
    CHECK_NOTE(network.left.sent < 85, true, "no timeout that was not due");
}

TEST(karn) {
    Script t;
    t.establish().connection.send(bytes("hello"), t.now);
    const auto before = t.connection.snd.rtt.srtt();
    t.wait(1100ms);
    t.inject(ACK, 1, 6);
    CHECK_NOTE(t.connection.snd.rtt.srtt() == before, true, "of which of the two?");
}
