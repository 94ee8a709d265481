// SPDX-License-Identifier: BSL-1.0
#include "storm.hpp"

#include "support/fd_snapshot.hpp"

#include <cstdlib>

namespace coda::chaos {

namespace {

using namespace std::chrono_literals;
using std::chrono::microseconds;
using told = test::write_ledger::told;

constexpr duration tolerance = 50ms;        // past a deadline
constexpr duration hang = 10s;              // the same, and no hope left
constexpr duration recovery = 1s;           // after the last fault
constexpr double short_of_processors = 0.9; // of the time: then the machine is said to be starved
constexpr duration beat_interval = 5ms;
constexpr duration longest_unpunctual = 20ms; // then a loop is said to be starved

char const* name_of(request what) {
    switch (what) {
    case request::read: return "read";
    case request::slow_read: return "slow read";
    case request::write: return "write";
    case request::leased_read: return "leased read";
    case request::transaction: return "transaction";
    case request::rolled_back: return "rolled back";
    }
    return "";
}

double ms(duration d) { return std::chrono::duration<double, std::milli>(d).count(); }

std::string describe(error const& e) {
    return fmt::format("{}:{} {}", e.code().category().name(), e.code().value(), to_string(e.outcome()));
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
    open_.clear();
    subject_.reset();
    loop_.reset();
    if (!way_->wait_for([](auto const& s) { return s.open == 0; })) audit_.violation("connections are left");
    way_.reset();
    check_writes();
    store_.remove(options_.place);
    for (auto const& left : test::fd_snapshot::take().opened_since(before))
        audit_.violation("a descriptor is left open: " + left);
    audit_.measured("the loop was late", punctual_.longest());
    audit_.measured("the loop was held", punctual_.longest_held());
}

void storm::reopen() { subject_ = store_.open(*loop_, way_->where(), options_.place); }

// Callers and the beat run beside; in the end all are joined, unless the loop is stopped under them.
task<> storm::direct(scope& s) {
    s.spawn(beat());
    for (std::size_t i = 0; i < options_.callers; ++i) s.spawn(call_until_the_end(random_()));
    for (int n = static_cast<int>(random_() % 3); n > 0; --n) {
        co_await as_result(with_timeout(options_.faults / 3, faults_over_.wait()));
        co_await disrupt(static_cast<int>(random_() % 8));
    }
    co_await faults_over_.wait();
    co_await recover();
    ending_ = true;
    time_point const latest = clock::now() + 5s;
    while (!open_.empty() && clock::now() < latest) co_await sleep_for(1ms);
    if (!open_.empty()) audit_.violation("callers have not come back");
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
    } else if (how < 4) {
        audit_.counted("clients destroyed");
        subject_.reset();
        reopen();
    } else if (how < 6) {
        audit_.counted("pools cleared");
        subject_->clear(how == 5);
    } else if (how == 6 && ledger_.size() > 100) {
        loop_->stop();
        co_await event().wait(); // for ever: it is destroyed here
    }
}

// Until a request of either kind that was made after the last fault has been answered.
task<> storm::recover() {
    auto const begin = clock::now();
    auto const short_before = test::machine_was_short_of_processors();
    well_since_ = begin;
    while (!(client_well_ && pool_well_) && clock::now() < begin + 20s) co_await sleep_for(1ms);
    auto const now = clock::now();
    audit_.measured("recovery of the client", client_well_.value_or(now) - begin);
    audit_.measured("recovery of the pool", pool_well_.value_or(now) - begin);
    auto const took = std::max(client_well_.value_or(now), pool_well_.value_or(now)) - begin;
    if (took <= recovery) co_return;
    auto const late = punctual_.late_between(begin, now);
    auto const p = subject_->statistics();
    auto const said = fmt::format(
        "recovery took {:.0f} ms (client {:.0f}, pool {:.0f}) after {}; the pool has {} connecting, {} in use, {} "
        "resetting, {} waiting",
        ms(took), ms(client_well_.value_or(now) - begin), ms(pool_well_.value_or(now) - begin), faults_, p.connecting,
        p.in_use, p.resetting, p.waiters);
    // The servers and the proxy, too, need processors to be well again.
    auto const short_for = test::machine_was_short_of_processors() - short_before;
    bool const starved = late > longest_unpunctual || short_for > short_of_processors * took;
    if (starved && client_well_ && pool_well_)
        audit_.remark(said +
                      fmt::format("; the loop was late by {:.0f} ms, the machine short of processors for {:.0f} ms",
                                  ms(late), ms(short_for)));
    else
        audit_.violation(said);
}

void storm::note_recovery(request what, time_point begun) {
    if (!well_since_ || begun < *well_since_) return;
    auto& well = leases(what) ? pool_well_ : client_well_;
    if (!well) well = clock::now();
}

task<> storm::check_when_quiet() {
    // What drains, is reset or connects comes back within its bounds; on a starved machine an acquire may be too
    // impatient for that, and another is to succeed.
    auto const begin = clock::now();
    auto const limit = begin + 5s;
    auto const short_before = test::machine_was_short_of_processors();
    auto const starved = [&] {
        auto const short_for = test::machine_was_short_of_processors() - short_before;
        return short_for > short_of_processors * (clock::now() - begin);
    };
    result<> all;
    do all = co_await as_result(with_deadline(limit, subject_->take_all()));
    while (all.has_error() && all.error().code() == errc::timed_out && clock::now() < limit && starved());
    if (all.has_error()) audit_.violation("not all connections can be had: " + all.error().message());
    check_statistics();
    auto const s = subject_->statistics();
    if (s.waiters != 0) audit_.violation(fmt::format("{} waiters are left", s.waiters));
    auto const closed = co_await as_result(subject_->close());
    if (closed.has_error()) audit_.violation("close failed: " + closed.error().message());
    auto const left = subject_->statistics();
    if (left.size() != 0 || left.opened != left.closed)
        audit_.violation(fmt::format("after close {} connections are left, {} opened and {} closed", left.size(),
                                     left.opened, left.closed));
}

task<> storm::call_until_the_end(std::uint64_t seed) {
    generator random(seed);
    while (!ending_) {
        co_await call_once(draw_from(random));
        if (random() % 4 == 0) co_await sleep_for(microseconds(random() % 3000)); // some think
    }
}

storm::draw storm::draw_from(generator& random) const {
    constexpr request kinds[] = {request::read,        request::read,        request::read,       request::slow_read,
                                 request::write,       request::write,       request::write,      request::leased_read,
                                 request::transaction, request::transaction, request::rolled_back};
    draw d{};
    d.what = kinds[random() % std::size(kinds)];
    auto const way = random() % 20;
    d.how = way < 10   ? leaving::stays
            : way < 14 ? leaving::deadline
            : way < 18 ? leaving::cancelled
                       : leaving::destroyed;
    // At once, within a round trip, within a connect, or a while later.
    constexpr std::uint64_t scales[] = {0, 50, 500, 5'000, 50'000, 500'000};
    auto const scale = scales[random() % std::size(scales)];
    d.limit = microseconds(scale == 0 ? 0 : random() % scale);
    return d;
}

// Those who wait for a lease are a few times as many as there are, not all who ask: a queue as long as their patience
// would be all that is seen of the pool.
std::size_t storm::leasing() const noexcept {
    return static_cast<std::size_t>(std::ranges::count_if(open_, [](auto const& c) { return leases(c.what); }));
}

task<> storm::call_once(draw d) {
    if (leases(d.what) && leasing() >= 3 * subject_->max_size()) d.what = request::read;
    auto const number = writes(d.what) ? ledger_.begin() : ++reads_;
    auto const text = fmt::format("{} {} of {}", name_of(d.what), number, options_.seed);
    auto const allowed = d.how == leaving::stays ? subject_->bound(d.what) : d.limit;
    auto const begun = clock::now();
    auto const at = open_.insert(open_.end(), {d.what, number, begun + allowed});
    auto const answer = co_await ask(d, subject_->ask(d.what, text, number));
    note_time(*at);
    open_.erase(at);
    if (answer.has_error() && answer.error().code() == errc::loop_stopped) { // our own word for "destroyed"
        audit_.answered("frame destroyed");
        co_return;
    }
    judge(d, number, text, answer);
    if (answer.has_value()) note_recovery(d.what, begun);
    // Who cannot connect does not ask again at once, or that would be most of what is asked.
    if (answer.has_error() && d.how != leaving::cancelled) co_await sleep_for(5ms);
}

task<result<std::string>> storm::ask(draw d, operation<std::string> op) {
    if (d.how == leaving::stays) co_return co_await as_result(std::move(op));
    if (d.how == leaving::deadline) co_return co_await as_result(with_timeout(d.limit, std::move(op)));
    if (d.how == leaving::cancelled) {
        struct cancel_later : timer {
            explicit cancel_later(cancel_source& s) noexcept
                : timer([](timer& t) noexcept { static_cast<cancel_later&>(t).source.request(); }), source(s) {}
            cancel_source& source;
        };
        cancel_source stop;
        cancel_later later(stop);
        if (d.limit == duration())
            stop.request();
        else
            loop_->arm(later, clock::now() + d.limit);
        co_return co_await as_result(with_cancellation(stop.token(), std::move(op)));
    }
    context const& here = co_await this_context();
    std::optional<result<std::string>> answer;
    auto const keep = [](operation<std::string> o, std::optional<result<std::string>>& to) -> task<> {
        to.emplace(co_await as_result(std::move(o)));
    };
    std::optional<scope> with(std::in_place, here);
    with->spawn(keep(std::move(op), answer));
    co_await sleep_for(d.limit);
    with.reset();
    if (!answer) co_return error(errc::loop_stopped);
    co_return std::move(*answer);
}

void storm::judge(draw const& d, std::uint64_t number, std::string const& text, result<std::string> const& r) {
    if (r.has_value()) {
        audit_.answered(fmt::format("{}: answered", name_of(d.what)));
        if (*r != text) audit_.violation(fmt::format("'{}' was answered with '{}'", text, *r));
    } else {
        audit_.answered(fmt::format("{}: {}", name_of(d.what), describe(r.error())));
        judge_error(d, r.error());
    }
    if (!writes(d.what)) return;
    if (d.what == request::rolled_back)
        ledger_.end(number, told::not_done);
    else
        ledger_.end(number, r.has_value() ? told::done : test::told_by(r.error()));
}

// Nothing that was done to them explains these.
void storm::judge_error(draw const& d, error const& e) {
    auto const& code = e.code();
    bool const never = code == errc::protocol_error || code == errc::type_mismatch || code == errc::already_awaited ||
                       code == errc::invalid_argument || code == errc::loop_stopped || !code.failed();
    bool const not_asked_for = code == errc::cancelled && d.how != leaving::cancelled;
    if (never || not_asked_for)
        audit_.violation(fmt::format("{} ended with {}: {}", name_of(d.what), describe(e), e.message()));
}

// What was late is judged at the next beat: only then is known whether the loop was.
void storm::note_time(open_call const& c) {
    auto const now = clock::now();
    if (now - c.deadline <= tolerance)
        audit_.measured("past a deadline", now - c.deadline);
    else
        late_.push_back({c, now});
}

void storm::judge_late_calls() {
    for (auto const& [c, ended] : late_) {
        auto const over = ended - c.deadline;
        if (punctual_.late_between(c.deadline, ended) > longest_unpunctual) {
            audit_.measured("past a deadline, starved", over);
            audit_.counted("late on a starved loop");
        } else {
            audit_.violation(
                fmt::format("{} {} came back {:.0f} ms past its deadline", name_of(c.what), c.number, ms(over)));
        }
    }
    late_.clear();
}

task<> storm::beat() {
    auto waited = test::waited_for_processor();
    while (!ended_) {
        auto const planned = clock::now() + beat_interval;
        co_await sleep_until(planned);
        auto const waits = test::waited_for_processor();
        punctual_.beat(planned, clock::now(), waits - waited);
        waited = waits;
        judge_late_calls();
        check_statistics();
        check_open_calls();
    }
}

void storm::check_statistics() {
    auto const s = subject_->statistics();
    auto const open = s.opened - s.closed; // of those that are being closed some were not
    auto const counted = s.idle + s.checking + s.in_use + s.resetting + s.closing;
    bool const adds_up = open <= counted && counted <= open + s.closing;
    if (!adds_up || s.size() > subject_->max_size())
        audit_.violation(fmt::format("the pool has {} connecting, {} idle, {} checking, {} in use, {} resetting, {} "
                                     "closing; {} opened, {} closed",
                                     s.connecting, s.idle, s.checking, s.in_use, s.resetting, s.closing, s.opened,
                                     s.closed));
}

void storm::check_open_calls() {
    auto const now = clock::now();
    for (auto const& c : open_) {
        if (now < c.deadline + hang) continue;
        audit_.violation(fmt::format("{} {} hangs", name_of(c.what), c.number));
        audit_.print_summary();
        std::_Exit(1); // nothing that comes now would be worth anything
    }
}

void storm::check_writes() {
    for (auto const& wrong : ledger_.compare(store_.written(options_.place))) audit_.violation(wrong);
    audit_.counted("writes acknowledged", ledger_.count(told::done));
    audit_.counted("writes not sent or refused", ledger_.count(told::not_done));
    audit_.counted("writes unknown", ledger_.count(told::unknown));
    audit_.counted("writes of destroyed callers", ledger_.count(told::nothing));
}

} // namespace coda::chaos
