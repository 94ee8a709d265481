// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/mongo_peer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace coda::test {

// A MongoDB server that is played, with everyone who connects: it answers what the test tells it to, and notes what it
// was asked.
//
//     played_mongo router(&router_hello, [](mongo_message const&) { return bson::doc("ok", 1.0); });
class played_mongo {
public:
    // The answer; none ends the connection. Called on threads of the peer's.
    using answer = std::function<std::optional<bson::document>(mongo_message const&)>;

    // `hello` is what it says of itself, `rest` answers all other commands.
    played_mongo(answer hello, answer rest)
        : hello_(std::move(hello)), rest_(std::move(rest)), peer_([this](conversation& with) { play(with); }) {}

    std::uint16_t port() const noexcept { return peer_.port(); }
    // As in a connection string and a list of servers.
    std::string name() const { return fmt::format("127.0.0.1:{}", port()); }
    // How often it was sent that command; "hello" stands for each form of it.
    int asked(std::string_view command) const {
        std::lock_guard const lock(mutex_);
        return static_cast<int>(std::ranges::count(asked_, command, &heard::name));
    }
    // What was sent last of that command; empty where it never was.
    bson::document last(std::string_view command) const {
        std::lock_guard const lock(mutex_);
        for (auto at = asked_.rbegin(); at != asked_.rend(); ++at)
            if (at->name == command) return at->body.clone();
        return {};
    }
    scripted_peer const& peer() const noexcept { return peer_; }

private:
    struct heard {
        std::string name;
        bson::document body;
    };

    void play(conversation& with) {
        while (true) {
            auto const m = read_message(with);
            {
                std::lock_guard const lock(mutex_);
                asked_.push_back({is_hello(m) ? "hello" : m.name(), m.body.clone()});
            }
            auto const said = is_hello(m) ? hello_(m) : rest_(m);
            if (!said) return;
            with.send(reply_to(m, *said));
        }
    }

    answer hello_;
    answer rest_;
    mutable std::mutex mutex_; // guards the next
    std::vector<heard> asked_;
    scripted_peer peer_; // last: its threads use the rest
};

} // namespace coda::test
