// SPDX-License-Identifier: BSL-1.0
#include <coda/runtime/deadline.hpp>

namespace coda::detail {

deadline_context::deadline_context(context const& parent, time_point deadline) noexcept
    : source_(parent.cancel), context_(parent), expiry_(source_) {
    context_.cancel = source_.token();
    if (deadline >= parent.deadline) return; // the parent's timer comes first
    context_.deadline = deadline;
    if (deadline <= parent.loop->now())
        source_.request(errc::timed_out);
    else
        parent.loop->arm(expiry_, deadline);
}

joint_cancel_context::joint_cancel_context(context const& parent, cancel_token other) noexcept
    : source_(parent.cancel), context_(parent), other_(source_, other) {
    context_.cancel = source_.token();
    if (other.requested())
        source_.request(other.reason());
    else
        other.attach(other_);
}

void stop_token_context::request::operator()() const {
    to->loop.post([to = to] {
        if (to->source != nullptr) to->source->request();
    });
}

stop_token_context::stop_token_context(context const& parent, std::stop_token token)
    : source_(parent.cancel), context_(parent), link_(std::make_shared<link>(link{*parent.loop, &source_})) {
    context_.cancel = source_.token();
    if (token.stop_requested())
        source_.request();
    else
        callback_.emplace(std::move(token), request{link_});
}

stop_token_context::~stop_token_context() {
    callback_.reset(); // waits for a request running on another thread
    link_->source = nullptr;
}

} // namespace coda::detail
