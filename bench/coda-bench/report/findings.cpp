// SPDX-License-Identifier: BSL-1.0
#include "report/findings.hpp"

#include "stores/store.hpp"
#include "workloads/workload.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <locale>
#include <string_view>

namespace coda::bench {
namespace {

std::string_view plural_of(std::string_view work) {
    if (work == "read") return "point reads";
    if (work == "write") return "point writes";
    return "pages (five reads each)";
}

std::string_view called(std::string_view client) {
    if (client == "coda") return "coroutines";
    if (client == "sync") return "the blocking program";
    if (client == "raw") return "the hand-written event loop";
    return client;
}

std::string capitalised(std::string text) {
    if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = char(text[0] - 'a' + 'A');
    return text;
}

// 61234 -> "61,234"; small numbers keep two or three significant digits.
std::string number(double value) {
    if (value < 10) return fmt::format("{:.2g}", value);
    auto digits = fmt::format("{:.0f}", value);
    for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3)
        digits.insert(static_cast<std::size_t>(at), 1, ',');
    return digits;
}

std::string memory(double bytes) {
    return bytes < 1000 ? fmt::format("{:.0f} bytes", bytes) : fmt::format("{:.1f} KiB", bytes / 1024);
}

std::string distance(double latency_ms) {
    return latency_ms == 0 ? "without added network delay" : fmt::format("with {} ms of network each way", latency_ms);
}

std::string in_flight(std::uint32_t n) {
    return n == 1 ? "one request in flight" : fmt::format("{} requests in flight", number(n));
}

std::string connections(std::uint32_t n) { return n == 1 ? "one connection" : fmt::format("{} connections", n); }

// Two rows ask the same of two clients.
bool comparable(cell const& a, cell const& b) {
    return a.store == b.store && a.workload == b.workload && a.concurrency == b.concurrency &&
           a.latency_ms == b.latency_ms;
}

std::vector<comparison> pair_up(std::span<row const> rows, std::string_view ours, std::string_view theirs) {
    std::vector<comparison> out;
    for (auto const& a : rows) {
        if (a.what.client != ours || a.operations == 0) continue;
        for (auto const& b : rows) {
            bool const same_bound = a.what.connections == b.what.connections || theirs == "sync" || ours == "sync";
            if (b.what.client != theirs || b.operations == 0 || !same_bound || !comparable(a.what, b.what)) continue;
            out.push_back({&a, &b, compare(a, b, &measurement::ops_per_second), compare(a, b, &measurement::p50_us),
                           compare(a, b, &measurement::cpu_us_per_op)});
        }
    }
    return out;
}

// A ratio where it may be quoted; otherwise the bare figures and why there is none.
std::string speed_clause(comparison const& c) {
    auto const ours = number(c.ours->ops_per_second.median);
    auto const theirs = number(c.theirs->ops_per_second.median);
    auto const work = plural_of(c.ours->what.workload);
    auto const them = called(c.theirs->what.client);
    auto const factor = quote(c.throughput);
    if (factor.empty())
        return fmt::format("answered {} {} a second against {} by {} (no ratio: {})", ours, work, theirs, them,
                           reason(c.throughput.is));
    return fmt::format("answered {} times as many {} as {} ({} against {} a second)", factor, work, them, ours, theirs);
}

// The client's processor time for each operation, ours against theirs.
std::string cpu_clause(comparison const& c) {
    auto const figures =
        fmt::format("{:.1f} against {:.1f} us", c.ours->cpu_us_per_op.median, c.theirs->cpu_us_per_op.median);
    auto const factor = quote(c.cpu);
    return factor.empty() ? fmt::format("{} of client CPU each", figures)
                          : fmt::format("{} times the client CPU each ({})", factor, figures);
}

std::string memory_clause(comparison const& c) {
    if (!c.ours->bytes_per_waiter || !c.theirs->bytes_per_waiter) return {};
    return fmt::format(" and {} against {} of memory per waiting request", memory(*c.ours->bytes_per_waiter),
                       memory(*c.theirs->bytes_per_waiter));
}

// The comparison that stands for all: nearest network, first workload, most requests in flight.
comparison const* representative(std::vector<comparison> const& all) {
    auto const before = [](comparison const& a, comparison const& b) {
        auto const key = [](comparison const& c) {
            return std::tuple(c.ours->what.latency_ms, find_workload(c.ours->what.workload).id,
                              -static_cast<std::int64_t>(c.ours->what.concurrency));
        };
        return key(a) < key(b);
    };
    auto const best = std::ranges::min_element(all, before);
    return best == all.end() ? nullptr : &*best;
}

std::string headline_from(comparison const& c) {
    auto const& at = c.ours->what;
    auto const delay = at.latency_ms == 0 ? "" : ", " + distance(at.latency_ms);
    return fmt::format("With {} over {}{}, {} {}, at {}{}.", in_flight(at.concurrency), connections(at.connections),
                       delay, called(at.client), speed_clause(c), cpu_clause(c), memory_clause(c));
}

// The same cell as `c`, farther away: what the network changes.
void add_network(std::vector<std::string>& to, std::vector<comparison> const& all, comparison const& near) {
    for (auto const& far : all) {
        auto same = far.ours->what;
        same.latency_ms = near.ours->what.latency_ms;
        if (far.ours->what.latency_ms == same.latency_ms || !(same == near.ours->what)) continue;
        to.push_back(fmt::format("{}, {} {}.", capitalised(distance(far.ours->what.latency_ms)),
                                 called(far.ours->what.client), speed_clause(far)));
    }
}

void add_one_at_a_time(std::vector<std::string>& to, std::vector<comparison> const& against_sync) {
    auto const* c = representative(against_sync);
    if (!c) return;
    auto const factor = quote(c->p50);
    auto const verdict = factor.empty() ? std::string(reason(c->p50.is)) : factor + " times as long";
    to.push_back(fmt::format("One query at a time, half of the {} by {} take at most {} us, by {} "
                             "{} us ({}).",
                             plural_of(c->ours->what.workload), called(c->ours->what.client), number(c->ours->p50_us),
                             called(c->theirs->what.client), number(c->theirs->p50_us), verdict));
}

void add_limit(std::vector<std::string>& to, std::vector<comparison> const& against_raw) {
    auto const* c = representative(against_raw);
    if (!c) return;
    to.push_back(fmt::format("Against the limit, with {}: {} {}, at {}.", in_flight(c->ours->what.concurrency),
                             called(c->ours->what.client), speed_clause(*c), cpu_clause(*c)));
}

void add_lost(std::vector<std::string>& to, std::vector<comparison> const& all) {
    std::vector<std::string> lost;
    std::size_t proven = 0; // cells whose rounds prove something, be it that there is no difference
    for (auto const& c : all) {
        if (c.throughput.is == meaning::too_few_rounds || c.throughput.is == meaning::stolen) continue;
        ++proven;
        if (c.throughput.is == meaning::no_difference || c.throughput.of.median >= 1) continue;
        lost.push_back(fmt::format("{}, {}, {} ({} times as many)", c.ours->what.workload,
                                   in_flight(c.ours->what.concurrency), distance(c.ours->what.latency_ms),
                                   quote(c.throughput)));
    }
    if (proven == 0) return;
    auto const ours = called(all.front().ours->what.client);
    auto const theirs = called(all.front().theirs->what.client);
    to.push_back(
        lost.empty()
            ? fmt::format("In none of the cells compared ({}) is it shown that {} answered fewer than {}.", proven,
                          ours, theirs)
            : capitalised(fmt::format("{} answered fewer than {} at: {}.", ours, theirs, fmt::join(lost, "; "))));
}

// More connections are the threads' own remedy; what it brings, and not at the same number.
void add_more_connections(std::vector<std::string>& to, std::span<row const> rows, comparison const& c) {
    for (auto const& r : rows) {
        if (r.what.client != c.theirs->what.client || !comparable(r.what, c.ours->what) ||
            r.what.connections <= c.ours->what.connections)
            continue;
        auto const share = compare(r, *c.ours, &measurement::ops_per_second);
        auto const factor = quote(share);
        to.push_back(fmt::format("Given {} instead of {} ({}), {} reach {} {} a second{}.",
                                 connections(r.what.connections), c.ours->what.connections, distance(r.what.latency_ms),
                                 called(r.what.client), number(r.ops_per_second.median), plural_of(r.what.workload),
                                 factor.empty() ? fmt::format(" ({})", reason(share.is))
                                                : fmt::format(", {} times as many as {} with {}", factor,
                                                              called(c.ours->what.client), c.ours->what.connections)));
    }
}

chapter conclude_store(std::span<row const> rows) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 6> pairs{{{"coda", "threads"},
                                                                                  {"raw", "threads"},
                                                                                  {"coda", "sync"},
                                                                                  {"coda", "raw"},
                                                                                  {"raw", "sync"},
                                                                                  {"threads", "sync"}}};
    chapter f;
    f.store = rows.front().what.store;
    f.headline = "The selection holds no two clients doing the same thing, so nothing is compared.";
    std::vector<comparison> main;
    for (auto const& [ours, theirs] : pairs)
        if (main = pair_up(rows, ours, theirs); !main.empty()) break;
    if (main.empty()) return f;

    std::string_view const ours = main.front().ours->what.client;
    auto const against_sync = pair_up(rows, ours, "sync");
    auto const against_raw = ours != "coda" ? std::vector<comparison>{} : pair_up(rows, ours, "raw");
    auto const& chief = *representative(main);
    f.headline = headline_from(chief);
    add_network(f.sentences, main, chief);
    for (auto const& c : main)
        if (c.ours->what.concurrency == chief.ours->what.concurrency &&
            c.ours->what.workload == chief.ours->what.workload && c.ours->what.loop == chief.ours->what.loop)
            add_more_connections(f.sentences, rows, c);
    add_one_at_a_time(f.sentences, against_sync);
    if (chief.theirs->what.client != "raw") add_limit(f.sentences, against_raw);
    add_lost(f.sentences, main);

    for (auto const& group : {main, against_sync, against_raw})
        for (auto const& c : group)
            if (std::ranges::none_of(f.comparisons, [&](comparison const& known) {
                    return known.ours == c.ours && known.theirs == c.theirs;
                }))
                f.comparisons.push_back(c);
    return f;
}

} // namespace

std::string quote(ratio const& r) {
    if (r.is == meaning::scattered) return fmt::format("between {:.2g} and {:.2g}", r.of.low, r.of.high);
    if (r.is != meaning::sound) return {};
    return r.of.median < 10 ? fmt::format("{:.2f}", r.of.median) : number(r.of.median);
}

std::string title_of(std::string_view store) {
    auto const* s = find_store(store);
    return std::string(s ? s->title : store);
}

std::string findings::headline() const {
    if (chapters.empty()) return {};
    auto const& first = chapters.front();
    return chapters.size() == 1 ? first.headline : fmt::format("{}: {}", title_of(first.store), first.headline);
}

std::vector<std::string> findings::sentences() const {
    if (chapters.size() == 1) return chapters.front().sentences;
    std::vector<std::string> out;
    for (auto const& c : chapters) {
        if (&c != &chapters.front()) out.push_back(fmt::format("{}: {}", title_of(c.store), c.headline));
        for (auto const& s : c.sentences) out.push_back(fmt::format("{}: {}", title_of(c.store), s));
    }
    return out;
}

std::vector<comparison> findings::comparisons() const {
    std::vector<comparison> out;
    for (auto const& c : chapters) out.insert(out.end(), c.comparisons.begin(), c.comparisons.end());
    return out;
}

findings conclude(std::span<row const> rows) {
    findings f;
    while (!rows.empty()) {
        auto const& store = rows.front().what.store;
        auto const end = std::ranges::find_if(rows, [&](row const& r) { return r.what.store != store; });
        auto const count = static_cast<std::size_t>(end - rows.begin());
        f.chapters.push_back(conclude_store(rows.first(count)));
        rows = rows.subspan(count);
    }
    return f;
}

} // namespace coda::bench
