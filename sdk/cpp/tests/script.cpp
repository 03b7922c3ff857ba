#include "script.h"

#include <sstream>

namespace {

std::string text(const Segment& segment) {
    std::string flags;
    for (const auto& [flag, name] : {std::pair(SYN, "SYN"), std::pair(FIN, "FIN"), std::pair(RST, "RST"), std::pair(ACK, "ACK")}) {
        if (segment.has(flag)) flags += (flags.empty() ? "" : "|") + std::string(name);
    }
    std::ostringstream out;
    out << flags << " seq=" << static_cast<std::uint32_t>(segment.seq - Script::kISS);
    if (segment.has(ACK)) out << " ack=" << static_cast<std::uint32_t>(segment.ack - Script::kIRS);
    out << " len=" << segment.payload.size();
    return out.str();
}

} // namespace

Script& Script::establish(int window, std::optional<int> mss) {
    connection.connect(now);
    inject(SYN | ACK, 0, 1, {}, window, mss);
    sent();
    return *this;
}

Script& Script::answer() {
    inject(SYN, 0, 0, {}, 65535, 1460);
    sent();
    return *this;
}

void Script::inject(int flags, Seq seq, Seq ack, const Bytes& payload, int window, std::optional<int> mss) {
    const Seq wire = static_cast<std::uint32_t>(kIRS + seq);
    connection.on_segment({wire, static_cast<std::uint32_t>(kISS + ack), flags, window, payload, mss}, now);
}

Strings Script::sent() {
    Strings texts;
    for (const auto& segment : out_) texts.push_back(text(segment));
    out_.clear();
    return texts;
}

void Script::wait(Duration time) {
    for (const Time end = now + time; now < end;) {
        now += 100ms;
        connection.on_tick(now);
    }
}
