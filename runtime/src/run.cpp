// SPDX-License-Identifier: BSL-1.0
#include "signal_watch.hpp"

#include <coda/runtime/run.hpp>

namespace coda::detail {

bool child_promise_base::ended_with(error_code const& code) const noexcept {
    if (failure_) return failure_->code() == code;
    if (exception_ == nullptr) return false;
    try {
        std::rethrow_exception(exception_);
    } catch (coda::exception const& e) {
        return e.code() == code;
    } catch (...) {
        return false;
    }
}

root::root(loop& l) : tenure_((l.refuse_second_run(), l)), loop_(l) {
    context_.loop = &l;
    context_.cancel = source_.token();
}

void root::child_ended(child_promise_base&) noexcept {
    ended_ = true;
    loop_.stop();
}

void root::run_loop() {
    signal_watch signals(loop_, [this](int number) {
        signal_ = number;
        source_.request();
    });
    loop_.run();
    if (!ended_) throw exception(error(errc::loop_stopped));
}

} // namespace coda::detail
