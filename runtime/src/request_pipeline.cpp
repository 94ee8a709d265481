// SPDX-License-Identifier: BSL-1.0
#include <coda/runtime/request_pipeline.hpp>

namespace coda {

bool request_pipeline::abandon(pipeline_request& r) noexcept {
    bool const unsent = r.at == pipeline_request::stage::queued;
    if (unsent) {
        take_from_queue(r);
    } else if (r.at == pipeline_request::stage::sent) {
        slots_[r.ticket - first_ticket_] = nullptr;
        ++abandoned_;
    }
    r.at = pipeline_request::stage::ended;
    return unsent;
}

request_pipeline::orphan request_pipeline::take_any() noexcept {
    while (!slots_.empty())
        if (pipeline_request* const owner = answered(); owner != nullptr) return {owner, true};
    send_again();
    if (queue_.empty()) return {nullptr, false};
    auto& r = static_cast<pipeline_request&>(queue_.front());
    take_from_queue(r);
    r.at = pipeline_request::stage::ended;
    return {&r, false};
}

} // namespace coda
