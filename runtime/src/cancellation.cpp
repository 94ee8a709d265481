// SPDX-License-Identifier: BSL-1.0
#include <coda/runtime/cancellation.hpp>

namespace coda {

void cancel_source::request(error_code reason) noexcept {
    if (requested() || !reason.failed()) return;
    reason_ = reason;
    // A callback may take others out of the list, or itself be destroyed.
    while (!callbacks_.empty()) {
        cancel_callback& callback = callbacks_.pop_front();
        callback.function_(callback);
    }
}

linked_cancel_source::linked_cancel_source(cancel_token parent) noexcept
    : cancel_callback(&linked_cancel_source::forward), parent_(parent) {
    if (parent.requested())
        request(parent.reason());
    else
        parent.attach(*this);
}

void linked_cancel_source::forward(cancel_callback& self) noexcept {
    auto& source = static_cast<linked_cancel_source&>(self);
    source.request(source.parent_.reason());
}

} // namespace coda
