// All connections there are: outgoing.cpp and incoming.cpp add them, and remove those that are closed.
#pragma once

#include <map>
#include <memory>

#include "connection.h"

extern std::map<Conn, std::unique_ptr<Connection>> connections;

// Returns a new connection, whose driver is the one of api.h.
Connection& add(const Conn& conn, Time now);

// Returns a connection, or null.
Connection* find(const Conn& conn);
