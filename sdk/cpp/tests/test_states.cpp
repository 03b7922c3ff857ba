// One connection of the reference, segment by segment. RFC 9293, Section 3.10.7, and what other RFCs add to it.

#include "script.h"

TEST(handshake) {
    Script t;
    t.connection.connect(t.now);
    CHECK(t.sent(), Strings{"SYN seq=0 len=0"});
    t.inject(SYN | ACK, 0, 1);
    CHECK(t.sent(), Strings{"ACK seq=1 ack=1 len=0"});
    CHECK(t.events, Strings{"app_connected"});
}

TEST(wrong_answers_to_syn) {
    Script t;
    t.connection.connect(t.now);
    t.sent();
    t.inject(SYN | ACK, 0, 7); // of another connection
    CHECK(t.sent(), Strings{"RST seq=7 len=0"});
    t.inject(RST | ACK, 0, 7);
    t.inject(RST, 0, 1); // does not prove that it knows our SYN
    CHECK(t.connection.state == State::SYN_SENT, true);
    t.inject(RST | ACK, 0, 1);
    CHECK(t.events, Strings{"app_peer_rst"});
    CHECK(t.connection.state == State::CLOSED, true);
}

TEST(unacceptable_is_acknowledged) {
    Script t;
    t.establish().inject(ACK, 70000, 1, bytes("beyond the window"));
    CHECK(t.sent(), Strings{"ACK seq=1 ack=1 len=0"});
    t.inject(ACK, 1, 1, bytes("abc"));
    t.wait(100ms);
    t.sent();
    t.inject(ACK, 1, 1, bytes("abc")); // again
    CHECK(t.sent(), Strings{"ACK seq=1 ack=4 len=0"});
    CHECK(t.received, bytes("abc"));
}

// RFC 5961: only the number that is expected next resets; others in the window are asked about.
TEST(resets) {
    Script t;
    t.establish().inject(RST, 70000);
    CHECK(t.sent(), Strings{});
    t.inject(RST, 2);
    t.inject(SYN, 1);
    CHECK(t.sent(), Strings(2, "ACK seq=1 ack=1 len=0"));
    CHECK(t.connection.state == State::ESTABLISHED, true);
    t.inject(RST, 1);
    CHECK(t.sent(), Strings{});
    CHECK(t.events, Strings({"app_connected", "app_peer_rst"}));
}

TEST(acknowledgment_of_the_unsent) {
    Script t;
    t.establish().inject(ACK, 1, 500, bytes("text"));
    CHECK(t.sent(), Strings{"ACK seq=1 ack=1 len=0"});
    CHECK(t.received, Bytes{});
}

// Segments may begin early, end late, come in any order, and contain each other.
TEST(overlap) {
    Script t;
    t.establish();
    Bytes text(100);
    for (int i = 0; i < 100; i++) text[i] = i;
    const auto inject = [&](int from, int to) { t.inject(ACK, 1 + from, 1, {text.begin() + from, text.begin() + to}); };
    for (const auto& [from, to] : {std::pair(50, 60), {40, 80}, {50, 100}, {20, 30}, {10, 25}, {90, 95}}) {
        inject(from, to);
        CHECK_NOTE(t.sent(), Strings{"ACK seq=1 ack=1 len=0"}, "a duplicate at once");
    }
    inject(0, 15);
    CHECK(t.received, Bytes(text.begin(), text.begin() + 30));
    CHECK(t.sent(), Strings{"ACK seq=1 ack=31 len=0"});
    inject(20, 45);
    CHECK(t.received, text);
    CHECK(t.sent(), Strings{"ACK seq=1 ack=101 len=0"});
}

TEST(fin_before_its_data) {
    Script t;
    t.establish().inject(ACK | FIN, 4, 1, bytes("def"));
    CHECK(t.events, Strings{"app_connected"});
    t.inject(ACK, 1, 1, bytes("abc"));
    CHECK(t.received, bytes("abcdef"));
    CHECK(t.events, Strings({"app_connected", "app_peer_fin"}));
    CHECK(t.sent().back(), "ACK seq=1 ack=8 len=0");
    CHECK(t.connection.state == State::CLOSE_WAIT, true);
}

TEST(delayed_acknowledgment) {
    Script t;
    t.establish().inject(ACK, 1, 1, Bytes(1460));
    CHECK(t.sent(), Strings{});
    t.inject(ACK, 1461, 1, Bytes(1460));
    CHECK_NOTE(t.sent(), Strings{"ACK seq=1 ack=2921 len=0"}, "every second segment");
    t.inject(ACK, 2921, 1, bytes("x"));
    CHECK(t.sent(), Strings{});
    t.wait(100ms);
    CHECK_NOTE(t.sent(), Strings{"ACK seq=1 ack=2922 len=0"}, "and at the next tick");
}

TEST(time_wait) {
    Script t;
    t.establish().connection.finish(t.now);
    CHECK(t.sent(), Strings{"FIN|ACK seq=1 ack=1 len=0"});
    t.inject(FIN | ACK, 1, 2);
    CHECK(t.sent(), Strings{"ACK seq=2 ack=2 len=0"});
    t.wait(1500ms);
    t.inject(FIN | ACK, 1, 2);
    CHECK(t.sent(), Strings{"ACK seq=2 ack=2 len=0"});
    t.wait(1500ms);
    CHECK_NOTE(t.connection.state == State::TIME_WAIT, true, "it began anew");
    t.wait(1s);
    CHECK(t.connection.state == State::CLOSED, true);
    CHECK(t.events.back(), "release_connection");
}

TEST(simultaneous_close) {
    Script t;
    t.establish().connection.finish(t.now);
    t.inject(FIN | ACK, 1, 1);
    CHECK(t.connection.state == State::CLOSING, true);
    t.inject(ACK, 2, 2);
    CHECK(t.connection.state == State::TIME_WAIT, true);
}

TEST(abort) {
    Script t;
    t.establish().connection.send(bytes("abc"), t.now);
    t.connection.abort();
    CHECK(t.sent().back(), "RST seq=4 len=0");
    Script early;
    early.connection.connect(early.now);
    early.connection.abort();
    CHECK_NOTE(early.sent(), Strings{"SYN seq=0 len=0"}, "the peer knows nothing to forget");
}

TEST(fin_while_connecting) {
    Script t;
    t.connection.connect(t.now);
    t.connection.finish(t.now);
    t.inject(SYN | ACK, 0, 1);
    CHECK(t.sent().back(), "FIN|ACK seq=1 ack=1 len=0");
    CHECK(t.connection.state == State::FIN_WAIT_1, true);
}
