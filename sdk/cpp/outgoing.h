// What the driver calls. Write these functions in outgoing.cpp; main.cpp calls them, one after the other, from one thread.
#pragma once

#include "codec.h"

void app_connect(const Conn& conn);                    // an application wants a connection
void app_send(const Conn& conn, const Bytes& data);    // it wrote data
void app_fin(const Conn& conn);                        // it has no more to send
void app_rst(const Conn& conn);                        // it is gone
void tcp_rx(const Conn& conn, const Bytes& segment);   // a segment came in from the network
void tick();                                           // about 100 ms have passed
