// SPDX-License-Identifier: BSL-1.0
#include "asio_loop_service.hpp"

#include <coda/runtime/asio_loop.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace coda {

namespace asio = boost::asio;

namespace {

// One watched descriptor. Asio tells readiness once per wait: the wait is made again after each callback for as long as
// the interest lasts, which is one epoll_ctl per wake-up.
class asio_watch : public std::enable_shared_from_this<asio_watch> {
public:
    asio_watch(asio::io_context& io, int fd, fd_watch& owner) : descriptor_(io, fd), owner_(&owner) {}

    void want(readiness r) {
        wanted_ = r;
        if (includes(r, readiness::read) && !waits_read_) wait(readiness::read);
        if (includes(r, readiness::write) && !waits_write_) wait(readiness::write);
    }

    // The descriptor is the user's: it stays open.
    void close() noexcept {
        owner_ = nullptr;
        descriptor_.release();
    }

private:
    void wait(readiness r) {
        bool const reads = r == readiness::read;
        (reads ? waits_read_ : waits_write_) = true;
        descriptor_.async_wait(reads ? asio::posix::descriptor_base::wait_read
                                     : asio::posix::descriptor_base::wait_write,
                               [self = shared_from_this(), r](error_code ec) { self->ready(r, ec); });
    }

    void ready(readiness r, error_code ec) {
        bool& waits = r == readiness::read ? waits_read_ : waits_write_;
        waits = false;
        if (owner_ == nullptr || ec == asio::error::operation_aborted || !includes(wanted_, r)) return;
        owner_->notify(r);
        if (owner_ != nullptr && includes(wanted_, r) && !waits) wait(r);
    }

    asio::posix::stream_descriptor descriptor_;
    fd_watch* owner_;
    readiness wanted_ = readiness::none;
    bool waits_read_ = false;
    bool waits_write_ = false;
};

class asio_watch_handle final : public detail::watch_backend {
public:
    asio_watch_handle(asio::io_context& io, int fd, fd_watch& owner)
        : watch_(std::make_shared<asio_watch>(io, fd, owner)) {}
    ~asio_watch_handle() override { watch_->close(); }
    void want(readiness r) noexcept override { watch_->want(r); }

private:
    std::shared_ptr<asio_watch> watch_;
};

} // namespace

struct asio_loop::impl : std::enable_shared_from_this<impl> {
    impl(asio_loop& l, asio::io_context& context) : io(context), timer(io), owner(&l) {}

    void turn() noexcept {
        if (owner != nullptr) owner->turn();
    }

    asio::io_context& io;
    asio::steady_timer timer;
    asio_loop* owner; // null once the loop is gone; the loop's thread only
};

asio_loop::asio_loop() : own_(std::make_unique<asio::io_context>(1)), impl_(std::make_shared<impl>(*this, *own_)) {
    detail::asio_loop_service::of(impl_->io).attach(*this);
}

asio_loop::asio_loop(asio::io_context& adopted) : impl_(std::make_shared<impl>(*this, adopted)) {
    share_backend();
    detail::asio_loop_service::of(impl_->io).attach(*this);
}

asio_loop::~asio_loop() {
    detail::asio_loop_service::of(impl_->io).detach(*this);
    detach_all();
    impl_->owner = nullptr;
    impl_->timer.cancel();
}

asio::io_context& asio_loop::context() noexcept { return impl_->io; }

void asio_loop::request_turn() noexcept {
    asio::post(impl_->io, [self = impl_] { self->turn(); });
}

void asio_loop::wake() noexcept { request_turn(); }

void asio_loop::set_backend_timer(time_point when) noexcept {
    impl_->timer.expires_at(when); // cancels the wait before
    if (when == no_deadline) return;
    impl_->timer.async_wait([self = impl_](error_code ec) {
        if (!ec && self->owner != nullptr) self->owner->backend_timer_fired();
    });
}

void asio_loop::run_backend() {
    auto const self = impl_;
    auto const work = asio::make_work_guard(self->io);
    self->io.restart();
    if (stopped()) return;
    self->io.run();
}

// A request that comes when the run it was meant for has ended is not for a run of the user's own.
void asio_loop::stop_backend() noexcept {
    if (own_ != nullptr) return impl_->io.stop();
    asio::post(impl_->io, [self = impl_] {
        if (self->owner != nullptr && self->owner->stopped()) self->io.stop();
    });
}

std::unique_ptr<detail::watch_backend> asio_loop::watch(int fd, fd_watch& owner) {
    // One step: where the handle cannot be made there is no watch, whose end would close the user's descriptor.
    return std::make_unique<asio_watch_handle>(impl_->io, fd, owner);
}

} // namespace coda
