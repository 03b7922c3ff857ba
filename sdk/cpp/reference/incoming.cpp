// Connections that others begin: what the template's incoming.cpp leaves to you, done.
//
// Only the first segment is special. How it is answered is in connection.cpp: LISTEN and SYN-RECEIVED are states like others.

#include "incoming.h"

#include <cstdio>
#include <stdexcept>

#include "api.h"
#include "connections.h"

// A passive OPEN at the last moment: whatever ports programs listen on, only now is there a connection to keep.
void peer_connect(const Conn& conn, const Bytes& segment) try {
    const Time now = Clock::now();
    const Segment syn = Path(conn).parse(segment);
    Connection& connection = add(conn, now);
    connection.on_segment(syn, now);
} catch (const std::invalid_argument& error) {
    std::fprintf(stderr, "a segment of %s:%d: %s\n", conn.dst.ip.c_str(), conn.dst.port, error.what());
    release_connection(conn); // so that the SYN, when it comes again, is a call again
}
