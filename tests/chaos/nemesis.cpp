// SPDX-License-Identifier: BSL-1.0
#include "nemesis.hpp"

namespace coda::chaos {

namespace {

using test::cut;
using test::direction;
using test::fault;
using test::fault_kind;
using test::fault_plan;
using test::flow_faults;

constexpr cut cuts[] = {cut::close, cut::reset, cut::half_close, cut::half_open};

// What a fault of the way is to the proxy.
fault_plan plan_of(fault const& f) {
    flow_faults flow;
    switch (f.what) {
    case fault_kind::latency: return fault_plan::latency(std::chrono::milliseconds(f.size));
    case fault_kind::throttle: flow.bytes_per_second = f.size; return {.to_server = flow, .to_client = flow};
    case fault_kind::fragments: flow.chunk = f.size; return {.to_server = flow, .to_client = flow};
    case fault_kind::cut_request:
    case fault_kind::cut_reply:
        flow.cut_after = f.size;
        flow.how = cuts[f.choice % 4];
        return f.what == fault_kind::cut_request ? fault_plan{.to_server = flow} : fault_plan{.to_client = flow};
    case fault_kind::black_hole: return fault_plan::black_hole();
    case fault_kind::partition: return fault_plan::partition();
    case fault_kind::never_answer: return fault_plan::never_answer();
    default: return {};
    }
}

} // namespace

nemesis::nemesis(store& s, server_process& server, test::fault_proxy& way, std::vector<fault> faults,
                 std::function<void(std::string)> done)
    : store_(s), server_(server), way_(way), faults_(std::move(faults)), done_(std::move(done)) {
    thread_ = std::thread([this] { run(); });
}

nemesis::~nemesis() { thread_.join(); }

void nemesis::run() {
    std::string trouble;
    auto const start = std::chrono::steady_clock::now();
    for (auto const& f : faults_) {
        std::this_thread::sleep_until(start + f.begins);
        try {
            begin(f);
            std::this_thread::sleep_until(start + f.begins + f.lasts);
            end(f);
        } catch (std::exception const& e) {
            trouble = f.to_string() + ": " + e.what();
            break;
        }
    }
    server_.thaw();
    way_.heal();
    done_(std::move(trouble));
}

void nemesis::begin(fault const& f) {
    switch (f.what) {
    case fault_kind::cut_now:
        way_.cut_now(cuts[f.choice % 4], f.size % 2 == 0 ? direction::to_client : direction::to_server);
        break;
    case fault_kind::refuse: way_.refuse(); break;
    case fault_kind::reset_new: way_.apply_to_new({.accept = test::on_accept::reset}); break;
    case fault_kind::end_sessions:
        if (!store_.end_sessions()) way_.cut_now(cut::close);
        break;
    case fault_kind::freeze: server_.freeze(); break;
    case fault_kind::crash: server_.kill(); break;
    default: way_.apply(plan_of(f));
    }
}

void nemesis::end(fault const& f) {
    switch (f.what) {
    case fault_kind::cut_now:
    case fault_kind::end_sessions: break;
    case fault_kind::refuse: way_.accept_again(); break;
    case fault_kind::freeze: server_.thaw(); break;
    case fault_kind::crash: server_.resume(); break;
    default: way_.heal();
    }
}

} // namespace coda::chaos
