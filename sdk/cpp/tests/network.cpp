#include "network.h"

#include <algorithm>
#include <sstream>

void Host::tcp_tx(const Conn&, const Bytes& segment) {
    sent++;
    if (!loses || !loses(connection.path.parse(segment))) network.carry(*this, segment);
}

void Host::input(const Bytes& data) try {
    const Segment segment = connection.path.parse(data);
    if (!is_closed()) {
        connection.on_segment(segment, network.now);
    } else if (const auto answer = reset_for(segment)) {
        tcp_tx(connection.conn, connection.path.build(*answer));
    }
} catch (const std::invalid_argument&) {
    network.damaged++;
}

bool Host::has_seen(const std::string& event) const { return std::find(events.begin(), events.end(), event) != events.end(); }

Network::Network(const Weather& weather, unsigned seed)
    : weather(weather), random(seed), left(*this, {kLeft, kRight}, 0xffff'f000), right(*this, {kRight, kLeft}, 0x7fff'ff00) {
    left.peer = &right;
    right.peer = &left;
}

void Network::carry(Host& sender, const Bytes& segment) {
    for (int copies = 1 + (chance() < weather.duplicate); copies > 0; copies--) {
        if (chance() < weather.loss) continue;
        Bytes data = segment;
        if (chance() < weather.corrupt) data[random() % data.size()] ^= 1 << random() % 8; // a checksum misses some that flip two
        const double longer = chance() < weather.reorder ? 1 + 3 * chance() : 1;
        const auto delay = std::chrono::duration_cast<Duration>(weather.delay * longer);
        under_way_.emplace(now + delay, Packet{sender.peer, std::move(data)});
    }
}

void Network::connect() {
    left.connection.connect(now);
    run([&] { return left.has_seen("connected") && right.has_seen("connected"); });
}

void Network::run(const std::function<bool()>& until, Duration limit) {
    const Time end = now + limit;
    Time tick = now + 100ms;
    while (!until()) {
        if (now > end) throw Failure("too late: " + describe());
        if (!under_way_.empty() && under_way_.begin()->first <= tick) {
            const auto next = under_way_.extract(under_way_.begin());
            now = next.key();
            next.mapped().to->input(next.mapped().data);
            continue;
        }
        now = tick;
        tick += 100ms;
        for (Host* host : {&left, &right}) host->connection.on_tick(now);
    }
}

std::string Network::describe() const {
    std::ostringstream out;
    out << "at " << std::chrono::duration<double>(now.time_since_epoch()).count() << " s";
    for (const Host* host : {&left, &right}) {
        out << "; state " << static_cast<int>(host->connection.state) << ", " << host->received.size() << " bytes, ";
        print(out, host->events);
    }
    return out.str();
}
