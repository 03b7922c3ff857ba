// What the driver calls if your TCP can be called: by connections that others open to a program on this machine. Write this function
// in incoming.cpp, or leave it out.
#pragma once

#include "codec.h"

// "weak": a program without this function can be linked all the same. Then there is a null pointer in its place, which is how
// main.cpp finds out.
[[gnu::weak]] void peer_connect(const Conn& conn, const Bytes& segment); // somebody wants a connection: segment is the SYN
