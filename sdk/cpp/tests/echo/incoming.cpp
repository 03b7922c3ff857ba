// Makes a program that can be called of the one in outgoing.cpp.

#include "incoming.h"

#include <string>
#include <thread>
#include <vector>

#include "api.h"

// Answers as the others do, or has four threads speak at the same time.
void peer_connect(const Conn& conn, const Bytes& segment) {
    if (std::string(segment.begin(), segment.end()) != "threads") {
        peer_connected(conn);
        const std::string text = "peer_connect ";
        Bytes answer(text.begin(), text.end());
        answer.insert(answer.end(), segment.begin(), segment.end());
        app_recv(conn, answer);
        return;
    }
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; i++) {
        threads.emplace_back([conn] {
            for (int j = 0; j < 100; j++) peer_connected(conn);
        });
    }
    for (auto& thread : threads) thread.join();
}
