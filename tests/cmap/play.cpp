// SPDX-License-Identifier: BSL-1.0
#include "play.hpp"

#include "form.hpp"
#include "recorder.hpp"
#include "server.hpp"
#include "support/manual_loop.hpp"

#include <coda/pool.hpp>
#include <coda/runtime/deadline.hpp>
#include <coda/runtime/scope.hpp>
#include <coda/runtime/sleep.hpp>

#include <fmt/format.h>

#include <deque>
#include <map>

namespace coda::cmap {

namespace {

using std::chrono::milliseconds;

constexpr char const* address = "pool.example:27017";
constexpr std::chrono::hours patience(48); // of a wait without a time-out: twice the longest that a case can ask for
constexpr std::chrono::hours longest_case(24 * 365);
constexpr int most_turns = 2'000'000; // of the loop
constexpr std::size_t most_events = 100'000;
constexpr std::size_t events_shown = 50;

// A case is given up: it would go on for ever, or far too long.
struct endless : std::runtime_error {
    using runtime_error::runtime_error;
};

// What stops a thread of a case: an error of the pool as a case names it, or that an event did not come.
json::value as_case_error(coda::error const& e) {
    json::object text{{"address", address}};
    if (e.code() == errc::closed) {
        text["type"] = "PoolClosedError";
        text["message"] = "Attempted to check out a connection from closed connection pool";
    } else if (e.code() == errc::timed_out && e.details<acquire_error>() != nullptr) {
        text["type"] = "WaitQueueTimeoutError";
        text["message"] = "Timed out while checking out a connection from connection pool";
    } else if (e.code() == pool_errc::paused) {
        text["type"] = "PoolClearedError";
        text["message"] = fmt::format("Connection pool for {} was cleared because another operation failed with: {}",
                                      address, e.message());
    } else {
        constexpr int authentication_failed = 18;
        auto const code = server_code_of(e);
        text["type"] = code == 0 ? "Network" : code == authentication_failed ? "AuthenticationError" : "ServerError";
        text["message"] = e.message();
        if (code != 0) text["code"] = code;
    }
    return text;
}

// A thread of a case: does what it is given, in order, up to the first that fails.
struct thread {
    std::deque<json::object const*> given;
    event changed;
    event ended;
    bool finishes = false;
    json::value failed; // null: nothing
};

class player {
public:
    player(test_case const& c, std::chrono::seconds real_time)
        : case_(c),
          real_time_(real_time),
          recorder_(c.given_options),
          pool_(loop_, [this] { return std::make_unique<connection>(server_, case_.app_name); }, options()) {
        server_.set_fail_point(c.fail_point);
    }

    std::optional<std::string> play() {
        try {
            loop_.run(everything());
        } catch (endless const& why) {
            return fmt::format("given up: {}", why.what());
        }
        if (auto wrong = check_error()) return wrong;
        return check_events();
    }

private:
    pool_options options() {
        auto o = case_.options;
        o.name = address;
        o.listener = &recorder_;
        return o;
    }

    // Before each turn of the loop.
    void check_bounds() {
        if (++turns_ > most_turns) throw endless(fmt::format("{} turns of the loop and no end", most_turns));
        if (turns_ % 256 == 0 && loop::clock::now() - begun_ > real_time_)
            throw endless(fmt::format("it took more than {} s", real_time_.count()));
        if (loop_.elapsed() > longest_case) throw endless("a year of the case's time and no end");
        if (recorder_.events().size() > most_events) throw endless(fmt::format("more than {} events", most_events));
    }

    task<> everything() {
        scope s(co_await this_context());
        scope_ = &s;
        co_await main_thread();
        recorder_.stop();
        s.cancel();
        co_await s.join();
    }

    task<> main_thread() {
        for (auto const& o : case_.operations) {
            if (o.contains("thread")) {
                within(place_of(o), [&] { give(string_of(o, "thread"), o); });
                co_await settle();
            } else {
                failed_ = co_await perform(o);
                if (!failed_.is_null()) co_return;
            }
        }
    }

    // Lets what can go on do so; no time passes.
    static task<> settle() {
        for (int i = 0; i < 4; ++i) co_await yield();
    }

    task<> run(thread& t) {
        while (t.failed.is_null()) {
            if (t.given.empty() && t.finishes) break;
            if (t.given.empty()) {
                t.changed.reset();
                auto const waited = co_await as_result(t.changed.wait());
                if (waited.has_error()) co_return;
                continue;
            }
            auto const& next = *t.given.front();
            t.given.pop_front();
            t.failed = co_await perform(next);
        }
        t.ended.set();
    }

    thread& find(std::string const& name) {
        auto const found = threads_.find(name);
        if (found == threads_.end()) throw malformed(fmt::format("no thread '{}' was started", name));
        return found->second;
    }

    void give(std::string const& name, json::object const& o) {
        auto& t = find(name);
        if (t.finishes && t.ended.is_set()) throw malformed(fmt::format("the thread '{}' has ended", name));
        t.given.push_back(&o);
        t.changed.set();
    }

    std::string place_of(json::object const& o) const {
        return fmt::format("operation {}", &o - case_.operations.data() + 1);
    }

    // Gives the error, or null.
    task<json::value> perform(json::object const& o) {
        try {
            co_return co_await perform_one(o);
        } catch (malformed const& why) {
            throw malformed(fmt::format("{}: {}", place_of(o), why.what()));
        }
    }

    task<json::value> perform_one(json::object const& o) {
        auto const name = string_of(o, "name");
        if (name == "checkOut") co_return co_await check_out(o);
        if (name == "waitForEvent") co_return co_await wait_for_event(o);
        if (name == "waitForThread") co_return co_await wait_for_thread(o);
        if (name == "wait") {
            static_cast<void>(co_await as_result(sleep_for(milliseconds(number_of(o, "ms", times_in_ms)))));
        } else if (name == "start") {
            auto const [t, fresh] = threads_.try_emplace(string_of(o, "target"));
            if (!fresh) throw malformed(fmt::format("a second thread '{}'", t->first));
            scope_->spawn(run(t->second));
        } else if (name == "checkIn") {
            check_in(string_of(o, "connection"));
        } else if (name == "clear") {
            pool_.clear({.interrupt_in_use = flag_of(o, "interruptInUseConnections")});
        } else if (name == "ready") {
            pool_.ready();
        } else if (name == "failPoint") {
            server_.set_fail_point(fail_point(object_of(o, "failPoint")));
        } else { // close: CMAP's does not wait for what is checked out
            scope_->spawn(as_result(pool_.close()));
            co_await settle();
        }
        co_return nullptr;
    }

    task<json::value> check_out(json::object const& o) {
        auto taken = co_await as_result(pool_.acquire());
        if (taken.has_error()) co_return as_case_error(taken.error());
        auto& place = o.contains("label") ? labelled_[string_of(o, "label")] : unlabelled_.emplace_back();
        if (place) unlabelled_.push_back(std::move(place)); // it is checked out for ever
        place = std::move(*taken);
        co_return nullptr;
    }

    void check_in(std::string const& label) {
        auto const found = labelled_.find(label);
        if (found == labelled_.end()) throw malformed(fmt::format("no connection '{}' is checked out", label));
        found->second.release();
        labelled_.erase(found);
    }

    task<json::value> wait_for_event(json::object const& o) {
        auto const type = string_of(o, "event");
        auto const wanted = number_of(o, "count", event_counts, 1);
        bool const bounded = has(o, "timeout");
        duration const limit = bounded ? milliseconds(number_of(o, "timeout", times_in_ms)) : duration(patience);
        time_point const latest = loop_.now() + limit;
        while (recorder_.count(type) < wanted) {
            recorder_.changed().reset();
            auto const waited = co_await as_result(with_deadline(latest, recorder_.changed().wait()));
            if (waited.has_value()) continue;
            auto const what = fmt::format("{} x {} was not seen within {} ms, but {} x", wanted, type,
                                          limit / milliseconds(1), recorder_.count(type));
            if (!bounded) throw endless(what);
            co_return json::object{{"type", "EventTimeout"}, {"message", what}};
        }
        co_return nullptr;
    }

    task<json::value> wait_for_thread(json::object const& o) {
        auto const name = string_of(o, "target");
        auto& t = find(name);
        t.finishes = true;
        t.changed.set();
        auto const waited = co_await as_result(with_timeout(patience, t.ended.wait()));
        if (waited.has_error()) throw endless(fmt::format("the thread '{}' does not end", name));
        co_return t.failed;
    }

    std::optional<std::string> check_error() const {
        if (case_.error.is_null()) {
            if (failed_.is_null()) return {};
            return fmt::format("an error that is not expected: {}", json::serialize(failed_));
        }
        std::string why;
        if (matches(case_.error, &failed_, why, "error")) return {};
        return why;
    }

    std::optional<std::string> check_events() const {
        json::array actual;
        for (auto const& e : recorder_.events()) {
            std::string_view const type = e.at("type").as_string();
            if (std::ranges::find(case_.ignored, type) == case_.ignored.end()) actual.push_back(e);
        }
        std::string why;
        if (matches(case_.events, &static_cast<json::value const&>(json::value(actual)), why, "events")) return {};
        for (std::size_t i = 0; i < actual.size() && i < events_shown; ++i)
            why += fmt::format("\n      {}", json::serialize(actual[i]));
        if (actual.size() > events_shown) why += fmt::format("\n      and {} more", actual.size() - events_shown);
        return why;
    }

    test_case const& case_;
    std::chrono::seconds const real_time_;
    time_point const begun_ = loop::clock::now();
    int turns_ = 0;
    test::manual_loop loop_{[this] { check_bounds(); }};
    recorder recorder_;
    server server_;
    coda::pool<connection> pool_;
    std::map<std::string, lease<connection>> labelled_;
    std::deque<lease<connection>> unlabelled_;
    std::map<std::string, thread> threads_;
    scope* scope_ = nullptr;
    json::value failed_; // of the main thread
};

} // namespace

std::optional<std::string> play(test_case const& c, std::chrono::seconds real_time) {
    player p(c, real_time);
    return p.play();
}

} // namespace coda::cmap
