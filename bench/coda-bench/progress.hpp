// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "campaign.hpp"

#include <chrono>
#include <cstdio>
#include <string>

namespace coda::bench {

/// Shows a campaign on a stream: on a terminal one line that is drawn again and again, otherwise (a file,
/// a pipe) one plain line for each measurement.
class progress final : public observer {
public:
    explicit progress(std::FILE* to);
    ~progress() override;

    void begins(cell const& what, std::uint32_t round, std::size_t position, std::size_t total) override;
    void goes_on() override;
    void ends(std::variant<sample, failure> const& how) override;

private:
    void draw();

    std::FILE* to_;
    bool terminal_;
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
    cell what_;
    std::uint32_t round_ = 0;
    std::size_t position_ = 0;
    std::size_t total_ = 0;
    std::string last_;
};

/// A cell in words: "read, coda/asio, 64 in flight on 8 connections, 1 ms".
[[nodiscard]] std::string in_words(cell const& what);

} // namespace coda::bench
