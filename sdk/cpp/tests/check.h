// A test framework of one page: TEST defines a test, CHECK what has to be equal in it. A failure prints where, what it got and
// what it wanted, and ends that test.
#pragma once

#include <functional>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

struct Failure : std::runtime_error {
    using std::runtime_error::runtime_error;
};

inline std::vector<std::pair<std::string, std::function<void()>>>& tests() {
    static std::vector<std::pair<std::string, std::function<void()>>> all;
    return all;
}

inline bool add_test(const std::string& name, std::function<void()> body) {
    tests().emplace_back(name, std::move(body));
    return true;
}

template <typename T> void print(std::ostream& out, const T& value) { out << value; }

template <typename T> void print(std::ostream& out, const std::vector<T>& values) {
    out << '[';
    for (const auto& value : values) {
        print(out, value);
        out << ", ";
    }
    out << ']';
}

template <typename Got, typename Want>
void check(const Got& got, const Want& want, const char* what, const std::string& where, const std::string& note) {
    if (got == want) return;
    std::ostringstream message;
    message << where << ": " << what << ": got ";
    print(message, got);
    message << ", want ";
    print(message, want);
    throw Failure(message.str() + (note.empty() ? "" : ": " + note));
}

#define TEST(name)                                                    \
    static void test_##name();                                        \
    static const bool added_##name = add_test(#name, test_##name);    \
    static void test_##name()

#define CHECK_NOTE(got, want, note) check(got, want, #got, __FILE__ ":" + std::to_string(__LINE__), note)
#define CHECK(got, want) CHECK_NOTE(got, want, "")
