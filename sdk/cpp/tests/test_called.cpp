// One connection of the reference that the peer begins, segment by segment. RFC 9293, Section 3.10.7.2 and SYN-RECEIVED in 3.10.7.4.

#include "script.h"

namespace {

const std::string kSynAck = "SYN|ACK seq=0 ack=1 len=0";

} // namespace

TEST(called_handshake) {
    Script t;
    t.inject(SYN, 0, 0, {}, 65535, 1000);
    CHECK(t.sent(), Strings{kSynAck});
    CHECK(t.events, Strings{});
    CHECK(t.connection.state == State::SYN_RECEIVED, true);
    t.inject(ACK, 1, 1);
    CHECK(t.sent(), Strings{});
    CHECK(t.events, Strings{"peer_connected"});
    CHECK(t.connection.state == State::ESTABLISHED, true);
    t.connection.send(Bytes(1500), t.now);
    CHECK_NOTE(t.sent().front(), "ACK seq=1 ack=1 len=1000", "the MSS of its SYN");
}

// Nothing but a SYN begins a connection.
TEST(listen) {
    Script t;
    t.inject(RST, 0);
    t.inject(RST | ACK, 0, 7);
    t.inject(FIN, 0);
    CHECK(t.sent(), Strings{});
    t.inject(ACK, 0, 7);
    t.inject(SYN | ACK, 0, 8);
    CHECK(t.sent(), Strings({"RST seq=7 len=0", "RST seq=8 len=0"}));
    CHECK(t.connection.state == State::LISTEN, true);
}

// One segment may end the handshake and carry all that the peer has to say.
TEST(text_with_the_acknowledgment_of_syn) {
    Script t;
    t.answer().inject(ACK | FIN, 1, 1, bytes("GET /"));
    CHECK(t.events, Strings({"peer_connected", "app_peer_fin"}));
    CHECK(t.received, bytes("GET /"));
    CHECK(t.sent(), Strings{"ACK seq=1 ack=7 len=0"});
    CHECK(t.connection.state == State::CLOSE_WAIT, true);
}

TEST(text_with_the_syn) {
    Script t;
    t.inject(SYN, 0, 0, bytes("early"));
    CHECK(t.sent(), Strings{kSynAck});
    CHECK(t.received, Bytes{});
    t.inject(ACK, 1, 1, bytes("early"));
    CHECK(t.received, bytes("early"));
}

// The segment that acknowledges our SYN was lost; any other does it as well.
TEST(text_before_the_acknowledgment_of_syn) {
    Script t;
    t.answer().inject(ACK, 6, 1, bytes("later"));
    CHECK(t.events, Strings{"peer_connected"});
    CHECK(t.sent(), Strings{"ACK seq=1 ack=1 len=0"});
    t.inject(ACK, 1, 1, bytes("first"));
    CHECK(t.received, bytes("firstlater"));
}

TEST(syn_again) {
    Script t;
    t.answer().inject(SYN, 0);
    CHECK(t.sent(), Strings{kSynAck});
    CHECK(t.connection.state == State::SYN_RECEIVED, true);
    t.inject(ACK, 1, 1);
    t.inject(SYN, 0);
    CHECK_NOTE(t.sent(), Strings{"ACK seq=1 ack=1 len=0"}, "once it is established there is nothing to repeat");
}

// It is sent again, ever more slowly; what follows begins slowly then. RFC 5681, Section 3.1.
TEST(lost_syn_ack) {
    Script t;
    t.answer().wait(1s);
    CHECK(t.sent(), Strings{kSynAck});
    t.wait(2s);
    CHECK(t.sent(), Strings{kSynAck});
    t.inject(ACK, 1, 1);
    t.connection.send(Bytes(5000), t.now);
    CHECK(t.sent(), Strings{"ACK seq=1 ack=1 len=1460"});
    t.inject(ACK, 1, 1461);
    CHECK_NOTE(t.sent().size(), 2U, "slow start, with no threshold yet");
}

TEST(nobody_acknowledges_syn_ack) {
    Script t;
    t.answer().wait(300s);
    CHECK(t.events, Strings{"app_peer_rst"});
    CHECK(t.connection.state == State::CLOSED, true);
}

TEST(wrong_acknowledgment_of_syn) {
    Script t;
    t.answer().inject(ACK, 1, 0);
    t.inject(ACK, 1, 2);
    CHECK(t.sent(), Strings({"RST seq=0 len=0", "RST seq=2 len=0"}));
    CHECK(t.events, Strings{});
    t.inject(ACK, 1, 1);
    CHECK(t.events, Strings{"peer_connected"});
}

TEST(resets_of_a_call) {
    Script t;
    t.answer().inject(RST, 2);
    CHECK_NOTE(t.sent(), Strings{"ACK seq=1 ack=1 len=0"}, "a guess");
    CHECK(t.connection.state == State::SYN_RECEIVED, true);
    t.inject(RST, 1);
    CHECK(t.sent(), Strings{});
    CHECK(t.events, Strings{"app_peer_rst"});
    CHECK(t.connection.state == State::CLOSED, true);
}

// The peer has begun anew: "return this connection to the LISTEN state". The driver will tell us of that SYN when it comes again.
TEST(another_syn) {
    Script t;
    t.answer().inject(SYN, 500);
    CHECK(t.sent(), Strings{});
    CHECK(t.events, Strings{"release_connection"});
    CHECK(t.connection.state == State::CLOSED, true);
}

TEST(abort_of_a_call) {
    Script t;
    t.answer().connection.abort();
    CHECK(t.sent(), Strings{"RST seq=1 len=0"});
    CHECK(t.events, Strings{});
}

// By either side first, as any connection.
TEST(close_of_a_call) {
    Script t;
    t.answer().inject(ACK, 1, 1);
    t.connection.finish(t.now);
    t.inject(ACK | FIN, 1, 2);
    CHECK(t.sent(), Strings({"FIN|ACK seq=1 ack=1 len=0", "ACK seq=2 ack=2 len=0"}));
    CHECK(t.connection.state == State::TIME_WAIT, true);
}
