// SPDX-License-Identifier: BSL-1.0
#include "campaign.hpp"

#include "measure/child_process.hpp"
#include "stores/store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace coda::bench {
namespace {

using namespace std::chrono_literals;
using seconds = std::chrono::duration<double>;

// The proxies under way, one for each server and latency, each a process that ends with this object.
class latency_proxies {
public:
    explicit latency_proxies(std::map<std::string, std::string> const& uris) : uris_(uris) {}

    // The URIs by which a client reaches the servers of a store at that distance.
    std::map<std::string, std::string> uris(store const& of, double latency_ms) {
        std::map<std::string, std::string> out;
        for (auto const* s : of.servers) out[std::string(s->name)] = uri(*s, latency_ms);
        return out;
    }

private:
    struct running {
        std::unique_ptr<child_process> process;
        std::uint16_t port = 0;
    };

    std::string uri(server const& s, double latency_ms) {
        auto const& direct = uris_.at(std::string(s.name));
        if (latency_ms == 0) return direct;
        auto& proxy = running_[{s.name, latency_ms}];
        if (!proxy.process) proxy = start(s.address(direct), latency_ms);
        return s.through_proxy(direct, proxy.port);
    }

    static running start(std::string const& address, double latency_ms) {
        running r;
        r.process = std::make_unique<child_process>(
            std::vector{sibling_program("latency_proxy"), address, fmt::format("{:.0f}", latency_ms * 1000)}, "");
        auto const line = r.process->read_line(10s).value_or("");
        std::from_chars(line.data(), line.data() + line.size(), r.port);
        if (r.port == 0) throw std::runtime_error("the latency proxy did not start: " + r.process->wait());
        return r;
    }

    std::map<std::string, std::string> const& uris_;
    std::map<std::pair<std::string_view, double>, running> running_;
};

double warm_up_for(double window) { return std::max(0.2, window / 4); }

} // namespace

std::vector<series> run_campaign(options const& o, observer& watching) {
    latency_proxies proxies(o.uris);
    std::vector<series> all;
    for (auto const& c : o.what.cells) all.push_back({c, {}, {}});

    auto const began = std::chrono::steady_clock::now();
    auto const total = all.size() * o.rounds;
    std::size_t position = 0;
    seconds longest{0};
    for (std::uint32_t round = 1; round <= o.rounds; ++round) {
        auto const round_began = std::chrono::steady_clock::now();
        if (!another_round_fits(round_began - began, longest, seconds(o.budget_seconds))) break;
        for (auto& s : all) {
            watching.begins(s.what, round, ++position, total);
            plan const p{s.what, proxies.uris(*find_store(s.what.store), s.what.latency_ms), o.seconds,
                         warm_up_for(o.seconds), round};
            auto const outcome = measure(p, [&] { watching.goes_on(); });
            watching.ends(outcome);
            auto const* found = std::get_if<sample>(&outcome);
            s.rounds.push_back(found ? std::optional(*found) : std::nullopt);
            if (!found) s.failures.push_back(std::get<failure>(outcome).why);
        }
        std::ranges::reverse(all);
        longest = std::max(longest, seconds(std::chrono::steady_clock::now() - round_began));
    }
    if (!all.empty() && all.front().what != o.what.cells.front()) std::ranges::reverse(all);
    return all;
}

} // namespace coda::bench
