// SPDX-License-Identifier: BSL-1.0
#include <coda/runtime/scope.hpp>

namespace coda {

namespace detail {

spawned_base::spawned_base(spawned_promise& p) noexcept : promise_(&p) { p.handle = this; }

spawned_base::spawned_base(spawned_base&& other) noexcept : promise_(std::exchange(other.promise_, nullptr)) {
    if (promise_ != nullptr) promise_->handle = this;
}

spawned_base::~spawned_base() {
    if (promise_ == nullptr) return;
    promise_->handle = nullptr;
    if (promise_->ended.is_set()) promise_->frame.destroy();
}

} // namespace detail

scope::scope(context const& parent) noexcept : source_(parent.cancel), context_(parent), parent_(parent.cancel) {
    context_.cancel = source_.token();
}

scope::scope(loop& l) noexcept : scope(context{&l, {}, no_deadline, nullptr, &detail::unknown_carrier}) {}

scope::~scope() {
    while (!children_.empty()) {
        detail::spawned_promise& child = children_.pop_front();
        child.abandon();
        child.frame.destroy();
    }
}

void scope::start(detail::spawned_promise& child) noexcept {
    child.source.emplace(source_.token());
    child.own_context = context_;
    child.own_context.cancel = child.source->token();
    children_.push_back(child);
    ++running_;
    idle_.reset();
    child.child_promise_base::start(child.frame, child.own_context, *this);
}

void scope::child_ended(detail::child_promise_base& promise) noexcept {
    auto& child = static_cast<detail::spawned_promise&>(promise);
    child.unlink();
    bool const as_asked = child.source->requested() && child.ended_with(child.source->reason());
    if (child.failed() && !as_asked && !failure_ && !exception_) {
        failure_ = child.failure();
        exception_ = child.exception();
        source_.request();
    }
    if (--running_ == 0) idle_.set();
    if (child.handle == nullptr) return child.frame.destroy();
    child.ended.set();
}

operation<> scope::join() {
    context const& parent = co_await this_context();
    detail::shielded_context const shielded(parent);
    while (running_ > 0) co_await in_context(shielded.get(), idle_.wait());
    if (exception_) std::rethrow_exception(exception_);
    if (failure_) co_return *failure_;
    if (parent_.requested()) co_return error(parent_.reason());
    co_return result<>();
}

} // namespace coda
