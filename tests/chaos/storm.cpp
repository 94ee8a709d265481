// SPDX-License-Identifier: BSL-1.0
#include "storm.hpp"

#include "shortage.hpp"
#include "support/fd_snapshot.hpp"
#include "words.hpp"

namespace coda::chaos {

namespace {

using namespace std::chrono_literals;

constexpr duration recovery = 1s; // after the last fault
constexpr duration beat_interval = 5ms;
constexpr duration longest_unpunctual = 20ms; // then a loop is said to be starved
constexpr duration patience = 20s;            // of who waits for all that there may be
constexpr duration settling = 3s;             // of a pool that is left alone
constexpr duration long_enough = 300ms;       // for a pool to open all of min_size

// Callers on leases have most of the trouble.
std::vector<request> kinds() {
    using enum request;
    return {read, read, read, slow_read, write, write, write, leased_read, transaction, transaction, rolled_back};
}

} // namespace

storm::storm(store& s, server_process& server, audit& a, storm_options o)
    : store_(s), server_(server), audit_(a), options_(std::move(o)), random_(options_.seed) {}

void storm::run() {
    auto const before = test::fd_snapshot::take();
    store_.prepare(options_.place);
    loop_ = test::make_loop(options_.loop);
    way_.emplace(store_.where());
    reopen();
    caller_options they;
    they.seed = options_.seed;
    they.leases = options_.pool.max_size;
    they.kinds = kinds();
    they.ask = [this](request what, std::string text, std::uint64_t number) {
        return subject_->ask(what, std::move(text), number);
    };
    they.bound = [this](request what) { return subject_->bound(what); };
    callers_.emplace(*loop_, punctual_, audit_, std::move(they));
    {
        auto const faults = test::fault_schedule(random_(), options_.faults, test::all_fault_kinds());
        audit_.counted("faults", faults.size());
        for (auto const& f : faults) faults_ += f.to_string() + "; ";
        auto const over = [this](std::string trouble) {
            auto const tell = [this, trouble = std::move(trouble)] {
                if (!trouble.empty()) audit_.violation("the faults themselves failed: " + trouble);
                faults_over_.set();
            };
            loop_->post(tell);
        };
        nemesis const faulty(store_, server_, *way_, faults, over);
        auto const body = [this](scope& s) -> task<> { co_await direct(s); };
        try {
            loop_->run(with_scope(body));
        } catch (exception const& e) {
            if (e.code() != errc::loop_stopped) throw;
            audit_.counted("loops stopped");
        }
    }
    callers_->forget();
    subject_.reset();
    loop_.reset();
    check_witnesses();
    if (!way_->wait_for([](auto const& s) { return s.open == 0; })) audit_.violation("connections are left");
    way_.reset();
    check_writes();
    store_.remove(options_.place);
    for (auto const& left : test::fd_snapshot::take().opened_since(before))
        audit_.violation("a descriptor is left open: " + left);
    audit_.measured("the loop was late", punctual_.longest());
    audit_.measured("the loop was held", punctual_.longest_held());
}

// The one before may live on in what its callers hold.
void storm::reopen() {
    auto pool = options_.pool;
    auto const object = [this](std::string const& what) { audit_.violation(what); };
    auto& they = witnesses_.emplace_back(pool_witness(*loop_, pool, object), pool_witness(*loop_, {}, object));
    pool.listener = &they.of_pool;
    subject_ = store_.open(*loop_, way_->where(), options_.place, pool, they.of_client, options_.grouped);
}

void storm::check_witnesses() {
    for (auto const& w : witnesses_) {
        w.of_pool.tell(audit_, "pooled");
        w.of_client.tell(audit_, "shared");
    }
}

// Callers and the beat run beside; in the end all are joined, unless the loop is stopped under them.
task<> storm::direct(scope& s) {
    s.spawn(beat());
    for (std::size_t i = 0; i < options_.callers; ++i) s.spawn(callers_->call_until_the_end(random_()));
    for (int n = static_cast<int>(random_() % 3); n > 0; --n) {
        co_await as_result(with_timeout(options_.faults / 3, faults_over_.wait()));
        co_await disrupt(static_cast<int>(random_() % 8));
    }
    co_await faults_over_.wait();
    co_await recover();
    callers_->end();
    time_point const latest = clock::now() + 5s;
    while (!callers_->all_back() && clock::now() < latest) co_await sleep_for(1ms);
    if (!callers_->all_back()) audit_.violation("callers have not come back");
    co_await check_when_quiet();
    ended_ = true;
}

// Closes, ends, or stops everything under the callers.
task<> storm::disrupt(int how) {
    if (how < 2) {
        audit_.counted("clients closed");
        auto const closing = std::move(subject_);
        reopen();
        auto const begin = clock::now();
        co_await as_result(closing->close());
        audit_.measured("closing took", clock::now() - begin);
        auto const left = closing->statistics();
        if (left.size() != 0 || left.opened != left.closed) audit_.violation("a closed pool has connections");
        check_nothing_shared(*closing);
    } else if (how < 4) {
        audit_.counted("clients destroyed");
        subject_.reset();
        reopen();
    } else if (how < 6) {
        if (subject_->clear(how == 5)) audit_.counted("pools cleared");
    } else if (how == 6 && callers_->ledger().size() > 100) {
        loop_->stop();
        co_await event().wait(); // for ever: it is destroyed here
    }
}

// Until a request of either kind that was made after the last fault has been answered.
task<> storm::recover() {
    auto const begin = clock::now();
    shortage const since;
    callers_->faults_over_at(begin);
    auto const well = [this] { return callers_->client_well() && callers_->pool_well(); };
    while (!well() && clock::now() < begin + 20s) co_await sleep_for(1ms);
    auto const now = clock::now();
    auto const client = callers_->client_well().value_or(now) - begin;
    auto const pool = callers_->pool_well().value_or(now) - begin;
    audit_.measured("recovery of the client", client);
    audit_.measured("recovery of the pool", pool);
    auto const took = std::max(client, pool);
    if (took <= recovery) co_return;
    auto const late = punctual_.late_before(0, begin, now);
    auto const p = subject_->statistics();
    auto const said = fmt::format(
        "recovery took {:.0f} ms (client {:.0f}, pool {:.0f}) after {}; the pool has {} connecting, {} in use, {} "
        "resetting, {} waiting",
        ms(took), ms(client), ms(pool), faults_, p.connecting, p.in_use, p.resetting, p.waiters);
    bool const starved = late > longest_unpunctual || since.starved();
    if (starved && well())
        audit_.remark(said +
                      fmt::format("; the loop was late by {:.0f} ms, the machine short of processors for {:.0f} ms",
                                  ms(late), ms(since.lasted())));
    else
        audit_.violation(said);
}

task<> storm::check_when_quiet() {
    auto const begin = clock::now();
    auto const all = co_await as_result(with_timeout(patience, subject_->take_all()));
    audit_.measured("until all could be had", clock::now() - begin);
    if (all.has_error()) audit_.violation("not all connections can be had: " + all.error().message());
    co_await check_upkeep();
    check_statistics();
    auto const s = subject_->statistics();
    auto const shared = subject_->shared_statistics();
    if (auto const waiters = s.waiters + (shared ? shared->waiters : 0); waiters != 0)
        audit_.violation(fmt::format("{} waiters are left", waiters));
    auto const closed = co_await as_result(subject_->close());
    if (closed.has_error()) audit_.violation("close failed: " + closed.error().message());
    auto const left = subject_->statistics();
    if (left.size() != 0 || left.opened != left.closed)
        audit_.violation(fmt::format("after close {} connections are left, {} opened and {} closed", left.size(),
                                     left.opened, left.closed));
    check_nothing_shared(*subject_);
}

void storm::check_nothing_shared(subject const& closed) {
    auto const left = closed.shared_statistics();
    if (left && (left->size() != 0 || left->opened != left->closed))
        audit_.violation(fmt::format("a closed client has {} connections, {} opened and {} closed", left->size(),
                                     left->opened, left->closed));
}

// Left alone, a pool comes to be no larger than `keep`, and as large as `min_size` where its connections live long
// enough for all of them to be there.
task<> storm::check_upkeep() {
    auto const& o = options_.pool;
    if (o.upkeep_interval == duration() || o.upkeep_interval > settling / 10) co_return;
    bool const lasting = o.max_idle_time > long_enough && o.max_lifetime > long_enough;
    auto const settled = [&] {
        auto const s = subject_->statistics();
        auto const there = s.idle + s.checking;
        return s.size() <= o.keep && (!lasting || there >= o.min_size);
    };
    auto const limit = clock::now() + settling;
    while (!settled() && clock::now() < limit) co_await sleep_for(1ms);
    if (settled()) co_return;
    auto const s = subject_->statistics();
    audit_.violation(fmt::format("left alone, the pool has {} connections, {} of them idle", s.size(), s.idle));
}

task<> storm::beat() {
    auto waited = test::waited_for_processor();
    while (!ended_) {
        auto const planned = clock::now() + beat_interval;
        co_await sleep_until(planned);
        auto const waits = test::waited_for_processor();
        callers_->beat(planned, waits - waited);
        waited = waits;
        check_statistics();
    }
}

void storm::check_statistics() {
    auto const s = subject_->statistics();
    witnesses_.back().of_pool.compare(s);
    if (auto const shared = subject_->shared_statistics()) witnesses_.back().of_client.compare_shared(*shared);
    if (s.checking != 0) audit_.counted("moments with a ping under way");
    auto const open = s.opened - s.closed; // of those that are being closed some were not
    auto const counted = s.idle + s.checking + s.in_use + s.resetting + s.closing;
    bool const adds_up = open <= counted && counted <= open + s.closing;
    if (!adds_up || s.size() > options_.pool.max_size)
        audit_.violation(fmt::format("the pool has {} connecting, {} idle, {} checking, {} in use, {} resetting, {} "
                                     "closing; {} opened, {} closed",
                                     s.connecting, s.idle, s.checking, s.in_use, s.resetting, s.closing, s.opened,
                                     s.closed));
}

void storm::check_writes() {
    for (auto const& wrong : callers_->ledger().compare(store_.written(options_.place))) audit_.violation(wrong);
    callers_->count_writes();
}

} // namespace coda::chaos
