// SPDX-License-Identifier: BSL-1.0
#include "callers.hpp"

#include "words.hpp"

#include <cstdlib>

namespace coda::chaos {

namespace {

using namespace std::chrono_literals;
using std::chrono::microseconds;
using told = test::write_ledger::told;

constexpr duration tolerance = 50ms;          // past a deadline
constexpr duration hang = 10s;                // the same, and no hope left
constexpr duration longest_unpunctual = 20ms; // then a loop is said to be starved
constexpr std::size_t most_attempts = 3;
constexpr backoff between_attempts{.base = 2ms, .cap = 20ms};

} // namespace

callers::callers(loop& l, punctual_loops& all, audit& a, caller_options o)
    : loop_(l),
      loops_(all),
      audit_(a),
      options_(std::move(o)),
      retry_random_(options_.seed),
      budget_({.burst = 50, .percent = 20}),
      ledger_(options_.first),
      next_read_(options_.first) {}

// Half of them use retry.
task<> callers::call_until_the_end(std::uint64_t seed) {
    constexpr repetition ways[] = {repetition::never, repetition::never, repetition::unless_done, repetition::always};
    generator random(seed);
    auto const again = ways[random() % std::size(ways)];
    while (!ending_) {
        co_await call_once(draw_from(random, again));
        if (random() % 4 == 0) co_await sleep_for(microseconds(random() % 3000)); // some think
    }
}

callers::draw callers::draw_from(generator& random, repetition again) const {
    draw d{};
    d.again = again;
    d.what = options_.kinds[random() % options_.kinds.size()];
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
std::size_t callers::leasing() const noexcept {
    return static_cast<std::size_t>(std::ranges::count_if(open_, [](auto const& c) { return leases(c.what); }));
}

duration callers::allowed(draw const& d) const {
    if (d.how != leaving::stays) return d.limit;
    auto const once = options_.bound(d.what);
    if (d.again == repetition::never) return once;
    return most_attempts * once + (most_attempts - 1) * between_attempts.cap;
}

task<> callers::call_once(draw d) {
    if (leases(d.what) && leasing() >= 3 * options_.leases) {
        if (leases(options_.kinds.front())) {
            co_await sleep_for(1ms);
            co_return;
        }
        d.what = options_.kinds.front();
    }
    call c;
    c.d = d;
    auto const begun = clock::now();
    auto const at = open_.insert(open_.end(), {d.what, 0, begun, begun + allowed(d)});
    auto const answer = co_await ask(c);
    at->number = c.number;
    note_time(*at);
    open_.erase(at);
    if (answer.has_error() && answer.error().code() == errc::loop_stopped) { // our own word for "destroyed"
        audit_.answered("frame destroyed");
        co_return;
    }
    judge(c, answer);
    if (answer.has_value()) note_recovery(d.what, begun);
    // Who cannot connect does not ask again at once, or that would be most of what is asked.
    if (answer.has_error() && d.how != leaving::cancelled) co_await sleep_for(5ms);
}

operation<std::string> callers::begin(call& c) {
    if (c.d.again == repetition::never) return attempt(c);
    retry_policy const policy{.max_attempts = most_attempts,
                              .backoff = between_attempts,
                              .idempotent = c.d.again == repetition::always,
                              .budget = &budget_,
                              .random = retry_random_};
    auto const once = [this, &c] { return attempt(c); };
    return retry(policy, once);
}

operation<std::string> callers::attempt(call& c) {
    if (c.perhaps_done && c.d.again != repetition::always)
        audit_.violation(fmt::format("'{}' is made again though it may have been done", c.text));
    if (c.attempts > 0) audit_.counted("requests made again by retry");
    if (c.attempts++ == 0 || c.d.again == repetition::always)
        c.number = writes(c.d.what) ? ledger_.begin() : next_read_++;
    // Until the caller is told. What is rolled back never happens, even if he is never told.
    if (writes(c.d.what)) ledger_.end(c.number, c.d.what == request::rolled_back ? told::not_done : told::nothing);
    c.text = fmt::format("{} {}.{} of {}", name_of(c.d.what), c.number, c.attempts, options_.seed);
    auto answer = co_await as_result(options_.ask(c.d.what, c.text, c.number));
    judge_attempt(c, answer);
    co_return std::move(answer);
}

task<result<std::string>> callers::ask(call& c) {
    auto const& d = c.d;
    if (d.how == leaving::stays) co_return co_await as_result(begin(c));
    if (d.how == leaving::deadline) co_return co_await as_result(with_timeout(d.limit, begin(c)));
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
            loop_.arm(later, clock::now() + d.limit);
        co_return co_await as_result(with_cancellation(stop.token(), begin(c)));
    }
    context const& here = co_await this_context();
    std::optional<result<std::string>> answer;
    auto const keep = [](operation<std::string> o, std::optional<result<std::string>>& to) -> task<> {
        to.emplace(co_await as_result(std::move(o)));
    };
    std::optional<scope> with(std::in_place, here);
    with->spawn(keep(begin(c), answer));
    co_await sleep_for(d.limit);
    with.reset();
    if (!answer) co_return error(errc::loop_stopped);
    co_return std::move(*answer);
}

void callers::judge_attempt(call& c, result<std::string> const& r) {
    if (r.has_value()) {
        if (*r != c.text) audit_.violation(fmt::format("'{}' was answered with '{}'", c.text, *r));
    } else {
        judge_error(c.d, r.error());
        if (r.error().outcome() == outcome::unknown) c.perhaps_done = true;
    }
    if (writes(c.d.what) && c.d.what != request::rolled_back)
        ledger_.end(c.number, r.has_value() ? told::done : test::told_by(r.error()));
}

// Nothing that was done to them explains these.
void callers::judge_error(draw const& d, error const& e) {
    auto const& code = e.code();
    bool const never = code == errc::protocol_error || code == errc::type_mismatch || code == errc::already_awaited ||
                       code == errc::invalid_argument || code == errc::loop_stopped || !code.failed();
    bool const not_asked_for = code == errc::cancelled && d.how != leaving::cancelled;
    if (never || not_asked_for)
        audit_.violation(fmt::format("{} ended with {}: {}", name_of(d.what), describe(e), e.message()));
}

// What the caller is told of all its attempts together.
void callers::judge(call const& c, result<std::string> const& r) {
    if (r.has_value()) {
        audit_.answered(fmt::format("{}: answered", name_of(c.d.what)));
        if (c.d.again != repetition::never && *r != c.text)
            audit_.violation(fmt::format("'{}' ended with '{}'", c.text, *r));
        if (c.attempts > 1) audit_.counted("requests answered when made again");
        return;
    }
    audit_.answered(fmt::format("{}: {}", name_of(c.d.what), describe(r.error())));
    judge_error(c.d, r.error());
    if (c.perhaps_done != (r.error().outcome() == outcome::unknown))
        audit_.violation(fmt::format("'{}' ended with {} after {} attempts, of which {} may have been done", c.text,
                                     describe(r.error()), c.attempts, c.perhaps_done ? "one" : "none"));
}

void callers::note_recovery(request what, time_point begun) {
    if (!well_since_ || begun < *well_since_) return;
    auto& well = leases(what) ? pool_well_ : client_well_;
    if (!well) well = clock::now();
}

// What was late is judged at the next beat: only then is known whether the loop was.
void callers::note_time(open_call const& c) {
    auto const now = clock::now();
    if (now - c.deadline <= tolerance)
        audit_.measured("past a deadline", now - c.deadline);
    else
        late_.push_back({c, now});
}

void callers::beat(time_point planned, duration waited) {
    loops_.beat(options_.at, planned, waited);
    judge_late_calls();
    check_open_calls();
}

void callers::judge_late_calls() {
    std::erase_if(late_, [this](late_call const& l) { return judge_late_call(l); });
}

// False while it is too early to tell.
bool callers::judge_late_call(late_call const& l) {
    auto const& [c, ended] = l;
    auto const late = options_.on_others ? loops_.late_between(c.deadline, ended)
                                         : loops_.late_between(options_.at, c.deadline, ended);
    if (!late) return false;
    auto const over = ended - c.deadline;
    // Once for long, or again and again for a little: bounds that follow one another are each as late as the loop.
    if (*late > longest_unpunctual || over - loops_.waited_between(c.begun, ended) <= tolerance) {
        audit_.measured("past a deadline, starved", over);
        audit_.counted("late on a starved loop");
    } else {
        audit_.violation(
            fmt::format("{} {} came back {:.0f} ms past its deadline", name_of(c.what), c.number, ms(over)));
    }
    return true;
}

// A machine that stood still is no hang.
void callers::check_open_calls() {
    auto const now = clock::now();
    for (auto const& c : open_) {
        if (now < c.deadline + hang) continue;
        auto const stood_still = loops_.longest_late_between(c.deadline, now);
        if (now < c.deadline + hang + 2 * stood_still) continue;
        audit_.violation(fmt::format("{} hangs, {:.0f} ms past its deadline; a loop was late by {:.0f} ms",
                                     name_of(c.what), ms(now - c.deadline), ms(stood_still)));
        audit_.print_summary();
        std::_Exit(1); // nothing that comes now would be worth anything
    }
}

void callers::count_writes() const {
    audit_.counted("writes acknowledged", ledger_.count(told::done));
    audit_.counted("writes not sent or refused", ledger_.count(told::not_done));
    audit_.counted("writes unknown", ledger_.count(told::unknown));
    audit_.counted("writes of destroyed callers", ledger_.count(told::nothing));
}

} // namespace coda::chaos
