// SPDX-License-Identifier: BSL-1.0
#include "scripted_peer.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace coda::test {

namespace {

// Leaves a script because the peer is being destroyed.
struct stopped {};

struct unexpected : std::runtime_error {
    using runtime_error::runtime_error;
};

// Waits for `events` on `fd`; false when `stop` came first.
bool wait_unless_stopped(int fd, short events, int stop) {
    std::array<pollfd, 2> polled{
        {{.fd = fd, .events = events, .revents = 0}, {.fd = stop, .events = POLLIN, .revents = 0}}};
    while (::poll(polled.data(), polled.size(), -1) < 0) {
        if (errno != EINTR) throw_errno("poll");
    }
    return polled[1].revents == 0;
}

} // namespace

void conversation::wait_for(short events) {
    if (!fd_) throw std::logic_error("the script goes on after it closed");
    if (!wait_unless_stopped(fd_.get(), events, stop_)) throw stopped{};
}

conversation::arrival conversation::read_more() {
    std::array<char, 4096> buffer;
    for (;;) {
        wait_for(POLLIN);
        auto const n = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
        if (n == 0) return arrival::end;
        if (n > 0) {
            arrived_.append(buffer.data(), static_cast<std::size_t>(n));
            return arrival::bytes;
        }
        if (errno == ECONNRESET) throw unexpected{"the client reset the connection"};
        if (errno != EAGAIN && errno != EINTR) throw_errno("recv");
    }
}

std::string conversation::take(std::size_t count) {
    auto taken = arrived_.substr(0, count);
    arrived_.erase(0, count);
    return taken;
}

std::string conversation::expect_match(matcher const& match) {
    for (;;) {
        if (auto const length = match(arrived_)) return take(*length);
        if (read_more() == arrival::end) {
            throw unexpected{fmt::format("the client ended after {:?}", arrived_)};
        }
    }
}

std::string conversation::expect_bytes(std::size_t count) {
    return expect_match([count](std::string_view arrived) -> std::optional<std::size_t> {
        if (arrived.size() < count) return {};
        return count;
    });
}

std::string conversation::expect_until(std::string_view end) {
    return expect_match([end](std::string_view arrived) -> std::optional<std::size_t> {
        auto const at = arrived.find(end);
        if (at == std::string_view::npos) return {};
        return at + end.size();
    });
}

void conversation::expect(std::string_view text) {
    expect_match([text](std::string_view arrived) -> std::optional<std::size_t> {
        auto const common = std::min(arrived.size(), text.size());
        if (arrived.substr(0, common) != text.substr(0, common)) {
            throw unexpected{fmt::format("expected {:?}, the client sent {:?}", text, arrived)};
        }
        if (common < text.size()) return {};
        return common;
    });
}

void conversation::expect_end() {
    while (arrived_.empty()) {
        if (read_more() == arrival::end) return;
    }
    throw unexpected{fmt::format("expected the end, the client sent {:?}", arrived_)};
}

void conversation::send(std::string_view bytes) {
    while (!bytes.empty()) {
        wait_for(POLLOUT);
        auto const n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(n));
        } else if (errno == EPIPE || errno == ECONNRESET) {
            throw unexpected{"the client closed before it was sent everything"};
        } else if (errno != EAGAIN && errno != EINTR) {
            throw_errno("send");
        }
    }
}

void conversation::half_close() { end_writing(fd_.get()); }

void conversation::close() { close_orderly(fd_); }

void conversation::reset() { close_with_reset(fd_); }

void conversation::hang() {
    try {
        while (read_more() == arrival::bytes) arrived_.clear();
    } catch (unexpected const&) {
        // A reset ends it as well as an end of stream.
    }
}

scripted_peer::scripted_peer(script play, endpoint listen)
    : scripted_peer(std::vector<script>{std::move(play)}, std::move(listen)) {}

scripted_peer::scripted_peer(std::vector<script> plays, endpoint listen)
    : plays_(std::move(plays)), door_(std::move(listen)), stop_(::eventfd(0, EFD_CLOEXEC)) {
    if (plays_.empty()) throw std::invalid_argument("scripted_peer needs a script");
    if (!stop_) throw_errno("eventfd");
    accepting_ = std::thread{[this] { accept_all(); }};
}

scripted_peer::~scripted_peer() {
    std::uint64_t const one = 1;
    [[maybe_unused]] auto const n = ::write(stop_.get(), &one, sizeof one);
    accepting_.join();
    for (auto& player : players_) player.join();
}

void scripted_peer::accept_all() {
    while (wait_unless_stopped(door_.fd(), POLLIN, stop_.get())) {
        while (auto fd = door_.accept()) {
            std::size_t index = 0;
            {
                std::lock_guard const lock{mutex_};
                index = accepted_++;
            }
            changed_.notify_all();
            players_.emplace_back([this, index, client = std::move(fd)]() mutable { play(index, std::move(client)); });
        }
    }
}

void scripted_peer::play(std::size_t index, unique_fd fd) {
    std::optional<std::string> failure;
    {
        conversation with{std::move(fd), stop_.get()};
        try {
            plays_[std::min(index, plays_.size() - 1)](with);
            with.close();
        } catch (stopped const&) {
        } catch (std::exception const& e) {
            failure = fmt::format("connection {}: {}", index + 1, e.what());
        }
    }
    {
        std::lock_guard const lock{mutex_};
        ++ended_;
        if (failure) failures_.push_back(*std::move(failure));
    }
    changed_.notify_all();
}

bool scripted_peer::wait_until_accepted(std::size_t count, std::chrono::milliseconds bound) const {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, bound, [&] { return accepted_ >= count; });
}

bool scripted_peer::wait_until_ended(std::size_t count, std::chrono::milliseconds bound) const {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, bound, [&] { return ended_ >= count; });
}

std::vector<std::string> scripted_peer::failures() const {
    std::lock_guard const lock{mutex_};
    return failures_;
}

} // namespace coda::test
