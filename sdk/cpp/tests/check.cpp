// Runs all tests, or those whose names are given.

#include "check.h"

#include <algorithm>

int main(int argc, char** argv) {
    const std::vector<std::string> chosen(argv + 1, argv + argc);
    int passed = 0, failed = 0;
    for (const auto& [name, body] : tests()) {
        if (!chosen.empty() && std::find(chosen.begin(), chosen.end(), name) == chosen.end()) continue;
        try {
            body();
            passed++;
        } catch (const std::exception& error) {
            std::cout << "FAIL " << name << "\n    " << error.what() << '\n';
            failed++;
        }
    }
    std::cout << passed << " passed, " << failed << " failed\n";
    return failed > 0 || passed == 0;
}
