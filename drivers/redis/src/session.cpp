// SPDX-License-Identifier: BSL-1.0
#include "session.hpp"

#include <boost/system/errc.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>

namespace coda::redis::detail {

namespace {

// What the kernel does not take is a reason to stop: the rest waits where it can still be cancelled.
constexpr std::size_t enough_for_a_write = std::size_t{128} << 10;

constexpr std::size_t commands_of_a_login = 8; // at most

} // namespace

result<std::shared_ptr<session>> session::open(loop& l, context_handle connected, connection_options const& options) {
    try {
        auto opened = std::make_shared<session>(l, std::move(connected), options);
        if (!opened->link_.is_open()) return opened->link_.failure();
        return opened;
    } catch (boost::system::system_error const& e) {
        return error(e.code());
    }
}

session::session(loop& l, context_handle connected, connection_options const& options)
    : pipelined_connection(l, commands_, {options.command_timeout, options.drain_timeout}),
      options_(options),
      commands_(std::max(options.max_in_flight, commands_of_a_login), options.max_queued),
      link_(l, std::move(connected), *this) {}

session::login::login(session& s, duration timeout) noexcept : session_(s) {
    auto const& o = s.options_;
    s.commands_.set_bounds(std::max(o.max_in_flight, commands_of_a_login), std::max(o.max_queued, commands_of_a_login));
    s.set_timeouts({timeout, o.drain_timeout});
}

session::login::~login() {
    auto const& o = session_.options_;
    session_.commands_.set_bounds(o.max_in_flight, o.max_queued);
    session_.set_timeouts({o.command_timeout, o.drain_timeout});
}

session::~session() { lose(error(coda::errc::closed)); }

void session::flush() noexcept {
    if (link_.blocked()) return;
    while (pipeline_request* const next = commands_.next()) {
        if (!link_.append(static_cast<execution&>(*next).command_))
            return lose(error(make_error_code(boost::system::errc::not_enough_memory)));
        commands_.sent(*next);
        if (link_.unwritten() < enough_for_a_write) continue;
        link_.write();
        if (!link_.is_open()) return lose(link_.failure());
        if (link_.blocked()) return;
    }
    link_.write();
    if (!link_.is_open()) lose(link_.failure());
}

void session::disconnect() noexcept { link_.close(); }

void session::on_reply(reply_view reply) noexcept {
    pipeline_request* const owner = commands_.answered();
    if (owner == nullptr) return;
    auto& e = static_cast<execution&>(*owner);
    e.take_(e, reply);
    finish(e);
}

void session::on_ready(readiness r) noexcept {
    if (includes(r, readiness::read)) {
        link_.read();
        if (!link_.is_open()) return lose(link_.failure());
        replies_taken();
    }
    if (link_.blocked()) {
        link_.write();
        if (!link_.is_open()) return lose(link_.failure());
    }
    if (commands_.next() != nullptr) flush_soon();
}

} // namespace coda::redis::detail
