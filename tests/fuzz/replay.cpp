// SPDX-License-Identifier: BSL-1.0
// Without libFuzzer: calls a target with every seed in the folders that are its arguments, whole, cut off at every
// place, and with every byte replaced by a few others. Fails where there is no seed.
#include "decode_any.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

namespace {

void play(std::vector<std::uint8_t> seed) {
    // In a block of exactly that length, for the address sanitizer.
    auto const call = [](std::vector<std::uint8_t> const& input) {
        LLVMFuzzerTestOneInput(input.data(), input.size());
    };
    call(seed);
    for (std::size_t length = 0; length < seed.size(); ++length)
        call(std::vector<std::uint8_t>(seed.begin(), seed.begin() + static_cast<std::ptrdiff_t>(length)));
    for (std::uint8_t& byte : seed)
        for (int const other : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
            auto const before = std::exchange(byte, static_cast<std::uint8_t>(other));
            call(seed);
            byte = before;
        }
}

} // namespace

int main(int argc, char** argv) {
    int played = 0;
    for (int i = 1; i < argc; ++i)
        for (auto const& file : std::filesystem::directory_iterator(argv[i])) {
            std::ifstream in(file.path(), std::ios::binary);
            play({std::istreambuf_iterator<char>(in), {}});
            ++played;
        }
    std::printf("%d seeds\n", played);
    return played > 0 ? 0 : 1;
}
