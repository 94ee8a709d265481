// SPDX-License-Identifier: BSL-1.0
#include "sharded_storm.hpp"

#include "shortage.hpp"
#include "support/fd_snapshot.hpp"
#include "words.hpp"

namespace coda::chaos {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t loops = 3;
constexpr std::size_t fewest_callers = 4; // on each of them
constexpr std::size_t from_without = 6;
constexpr duration recovery = 1s; // after the last fault
constexpr duration beat_interval = 5ms;
constexpr duration patience = 20s;               // of who waits for all that there may be
constexpr std::uint64_t numbers = 1'000'000'000; // that a station has for its writes

std::vector<request> kinds() {
    using enum request;
    return {leased_read, transaction, transaction, rolled_back};
}

} // namespace

sharded_storm::sharded_storm(store& s, server_process& server, audit& a, storm_options o)
    : store_(s), server_(server), audit_(a), options_(std::move(o)), random_(options_.seed), punctual_(loops + 1) {
    auto& pool = options_.pool;
    pool.max_size *= loops;
    pool.max_waiters = std::max(pool.max_waiters, pool.max_size);
}

void sharded_storm::run() {
    auto const before = test::fd_snapshot::take();
    store_.prepare(options_.place);
    auto home = test::make_loop(options_.loop);
    way_.emplace(store_.where());
    bool const ev = options_.loop == test::loop_kind::ev;
    group_.emplace(loop_group_options{.loops = loops, .backend = ev ? loop_backend::ev : loop_backend::asio});
    auto const object = [this](std::string const& what) { audit_.violation(what); };
    subject_ = store_.open_sharded(*group_, way_->where(), options_.place, options_.pool, object);
    make_stations(*home);
    {
        auto const faults = test::fault_schedule(random_(), options_.faults, test::all_fault_kinds());
        audit_.counted("faults", faults.size());
        for (auto const& f : faults) faults_ += f.to_string() + "; ";
        auto const over = [this, &home](std::string trouble) {
            if (!trouble.empty()) audit_.violation("the faults themselves failed: " + trouble);
            home->post([this] { faults_over_.set(); });
        };
        nemesis const faulty(store_, server_, *way_, faults, over);
        home->run(direct());
    }
    check_witnesses();
    subject_.reset();
    group_.reset();
    home.reset();
    if (!way_->wait_for([](auto const& s) { return s.open == 0; })) audit_.violation("connections are left");
    way_.reset();
    check_writes();
    store_.remove(options_.place);
    for (auto const& left : test::fd_snapshot::take().opened_since(before))
        audit_.violation("a descriptor is left open: " + left);
    audit_.counted("storms over several loops");
}

// Some loops have many callers and some few, so that permits have to move.
void sharded_storm::make_stations(coda::loop& home) {
    auto left = options_.callers;
    for (std::size_t i = 0; i < loops; ++i) {
        auto const many = random_() % (left + 1);
        left -= many;
        add_station((*group_)[i], fewest_callers + many);
    }
    add_station(home, from_without);
}

void sharded_storm::add_station(coda::loop& l, std::size_t callers_here) {
    caller_options they;
    they.seed = options_.seed;
    they.first = 1 + stations_.size() * numbers;
    they.kinds = kinds();
    they.at = stations_.size();
    they.on_others = they.at == loops;
    they.leases = they.on_others ? options_.pool.max_size : options_.pool.max_size / loops;
    they.bound = [this](request what) { return subject_->bound(what); };
    if (!they.on_others)
        they.ask = [this](request what, std::string text, std::uint64_t number) {
            return subject_->ask(what, std::move(text), number);
        };
    else
        they.ask = [this](request what, std::string text, std::uint64_t number) {
            return run_on((*group_)[number % loops], subject_->ask(what, std::move(text), number));
        };
    auto& s = *stations_.emplace_back(std::make_unique<station>(l, punctual_, audit_, std::move(they)));
    for (std::size_t i = 0; i < callers_here; ++i) s.seeds.push_back(random_());
}

task<> sharded_storm::direct() {
    auto const opened = co_await as_result(subject_->open());
    if (opened.has_error()) audit_.violation("it cannot be opened: " + opened.error().message());
    auto const body = [this](scope& s) -> task<> { co_await faults_and_callers(s); };
    co_await with_scope(body);
    co_await check_when_quiet();
    auto const closed = co_await as_result(subject_->close());
    if (closed.has_error()) audit_.violation("close failed: " + closed.error().message());
    if (auto const n = subject_->live(); n != 0)
        audit_.violation(fmt::format("after close {} connections are left", n));
}

task<> sharded_storm::faults_and_callers(scope& s) {
    for (std::size_t i = 0; i < loops; ++i) s.spawn(run_on((*group_)[i], work(*stations_[i])));
    s.spawn(work(*stations_.back()));
    for (auto n = random_() % 3; n > 0; --n) {
        co_await as_result(with_timeout(options_.faults / 3, faults_over_.wait()));
        co_await disrupt();
    }
    co_await faults_over_.wait();
    co_await recover();
    auto const end_there = [this](std::size_t i) { return end(*stations_[i]); };
    co_await run_on_each(*group_, end_there);
    co_await end(*stations_.back());
}

task<> sharded_storm::work(station& s) {
    auto const body = [this, &s](scope& all) -> task<> {
        all.spawn(beat(s));
        for (auto const seed : s.seeds) all.spawn(s.they.call_until_the_end(seed));
        co_return;
    };
    co_await with_scope(body);
}

task<> sharded_storm::beat(station& s) {
    auto waited = test::waited_for_processor();
    while (!s.they.done()) {
        auto const planned = clock::now() + beat_interval;
        co_await sleep_until(planned);
        auto const waits = test::waited_for_processor();
        s.they.beat(planned, waits - waited);
        waited = waits;
        if (&s != stations_.back().get()) co_await subject_->look();
    }
}

task<> sharded_storm::disrupt() {
    audit_.counted("pools cleared");
    auto& there = (*group_)[random_() % loops];
    co_await run_on(there, subject_->clear(random_() % 2 == 0));
}

task<> sharded_storm::recover() {
    shortage const since;
    auto const begin = clock::now();
    auto& home = *stations_.back();
    home.they.faults_over_at(begin);
    auto const there = [this, begin](std::size_t i) { return recovered(*stations_[i], begin); };
    co_await run_on_each(*group_, there);
    co_await recovered(home, begin);
    for (auto const& s : stations_) {
        audit_.measured("recovery of a pool of several", s->recovery);
        if (s->well && s->recovery <= recovery) continue;
        auto const said = fmt::format("recovery took {:.0f} ms after {}{}", ms(s->recovery), faults_, s->trouble);
        if (s->well && since.starved())
            audit_.remark(said +
                          fmt::format("; the machine was short of processors for {:.0f} ms", ms(since.lasted())));
        else
            audit_.violation(said);
    }
}

task<> sharded_storm::recovered(station& s, time_point begin) {
    s.they.faults_over_at(begin);
    while (!s.they.pool_well() && clock::now() < begin + 20s) {
        co_await sleep_for(1ms);
        bool const of_group = &s != stations_.back().get();
        if (!of_group || !s.trouble.empty() || clock::now() < begin + recovery) continue;
        auto const p = co_await subject_->statistics();
        auto const permits = co_await subject_->permits();
        s.trouble =
            fmt::format("; the pool has {} permits, {} connecting, {} idle, {} checking, {} in use, {} resetting, "
                        "{} closing, {} waiting",
                        permits, p.connecting, p.idle, p.checking, p.in_use, p.resetting, p.closing, p.waiters);
    }
    s.well = s.they.pool_well().has_value();
    s.recovery = s.they.pool_well().value_or(clock::now()) - begin;
}

task<> sharded_storm::end(station& s) {
    s.they.end();
    co_return;
}

// On each loop in turn there can be all connections but those that the others keep; then no permit is lost.
task<> sharded_storm::check_when_quiet() {
    for (std::size_t i = 0; i < loops; ++i) co_await run_on((*group_)[i], take_most());
    auto const limit = clock::now() + patience;
    std::size_t permits = 0;
    while (true) {
        permits = co_await all_permits();
        if (permits == options_.pool.max_size || clock::now() > limit) break;
        co_await sleep_for(1ms);
    }
    if (permits != options_.pool.max_size)
        audit_.violation(fmt::format("{} permits of {} are left", permits, options_.pool.max_size));
}

task<> sharded_storm::take_most() {
    auto const most = options_.pool.max_size - (loops - 1);
    auto const begin = clock::now();
    auto const taken = co_await as_result(with_timeout(patience, subject_->take(most)));
    audit_.measured("until all could be had on one loop", clock::now() - begin);
    if (taken.has_error())
        audit_.violation(fmt::format("{} of {} connections cannot be had on one loop: {}", most, options_.pool.max_size,
                                     taken.error().message()));
    co_await subject_->look();
}

operation<std::size_t> sharded_storm::all_permits() {
    std::size_t all = 0;
    for (std::size_t i = 0; i < loops; ++i) {
        auto const here = co_await as_result(run_on((*group_)[i], subject_->permits()));
        if (here.has_error()) co_return here.error();
        all += *here;
    }
    co_return all;
}

void sharded_storm::check_writes() {
    auto const all = store_.written(options_.place);
    for (std::size_t i = 0; i < stations_.size(); ++i) {
        auto const& they = stations_[i]->they;
        std::map<std::uint64_t, long> const its(all.lower_bound(1 + i * numbers),
                                                all.lower_bound(1 + (i + 1) * numbers));
        for (auto const& wrong : they.ledger().compare(its)) audit_.violation(wrong);
        they.count_writes();
    }
    audit_.measured("the loop was late", punctual_.longest());
    audit_.measured("the loop was held", punctual_.longest_held());
}

void sharded_storm::check_witnesses() {
    for (auto const* w : subject_->witnesses()) w->tell(audit_, "pooled");
}

} // namespace coda::chaos
