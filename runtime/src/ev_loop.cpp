// SPDX-License-Identifier: BSL-1.0
#ifdef CODA_HAS_LIBEV

#include <coda/runtime/ev_loop.hpp>

#include <boost/system/system_error.hpp>
#include <ev.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <new>

namespace coda {

namespace {

class ev_watch final : public detail::watch_backend {
public:
    ev_watch(struct ::ev_loop* l, int fd, fd_watch& owner) : loop_(l), owner_(owner) {
        // libev would only notice when it polls.
        if (fcntl(fd, F_GETFD) < 0)
            throw boost::system::system_error({errno, boost::system::system_category()}, "fd_watch");
        ev_io_init(&io_, &ev_watch::ready, fd, 0);
        io_.data = this;
    }
    ~ev_watch() override { ev_io_stop(loop_, &io_); }

    void want(readiness r) noexcept override {
        ev_io_stop(loop_, &io_);
        int const events =
            (includes(r, readiness::read) ? EV_READ : 0) | (includes(r, readiness::write) ? EV_WRITE : 0);
        ev_io_set(&io_, io_.fd, events);
        if (events != 0) ev_io_start(loop_, &io_);
    }

private:
    static void ready(struct ::ev_loop*, ev_io* io, int events) noexcept {
        auto& self = *static_cast<ev_watch*>(io->data);
        if ((events & EV_ERROR) != 0) events |= EV_READ | EV_WRITE;
        self.owner_.notify((events & EV_READ ? readiness::read : readiness::none) |
                           (events & EV_WRITE ? readiness::write : readiness::none));
    }

    struct ::ev_loop* loop_;
    fd_watch& owner_;
    ev_io io_;
};

// libev takes poll or select where there is no descriptor for epoll, and ends the process where there is none for a
// pipe.
void check_that_descriptors_are_left() {
    int pipe[2];
    if (::pipe2(pipe, O_CLOEXEC) != 0)
        throw boost::system::system_error({errno, boost::system::system_category()}, "ev_loop");
    ::close(pipe[0]);
    ::close(pipe[1]);
}

// An adopted one, or one of its own.
struct ::ev_loop* checked(struct ::ev_loop* adopted) {
    check_that_descriptors_are_left();
    return adopted != nullptr ? adopted : ev_loop_new(EVFLAG_AUTO);
}

} // namespace

// Turns run in libev's prepare watcher, when all callbacks of an iteration have run and before it waits again; an idle
// watcher keeps it from waiting while a turn is due.
struct ev_loop::impl {
    impl(ev_loop& l, struct ::ev_loop* adopted) : owned(adopted == nullptr), native(checked(adopted)), owner(l) {
        if (native == nullptr) throw std::bad_alloc();
        ev_prepare_init(&prepare, [](struct ::ev_loop*, ev_prepare* w, int) { from(w).before_waiting(); });
        ev_idle_init(&idle, [](struct ::ev_loop*, ev_idle*, int) {});
        ev_async_init(&woken, [](struct ::ev_loop*, ev_async* w, int) { from(w).ask_for_turn(); });
        ev_async_init(&stopping, [](struct ::ev_loop*, ev_async* w, int) { from(w).break_run(); });
        ev_timer_init(&timer, [](struct ::ev_loop*, ev_timer* w, int) { from(w).timer_fired(); }, 0., 0.);
        prepare.data = woken.data = stopping.data = timer.data = this;
        ev_prepare_start(native, &prepare);
        ev_async_start(native, &woken);
        ev_async_start(native, &stopping);
        for (int i = 0; i < 3; ++i) ev_unref(native); // an adopted loop may end although coda is attached
    }

    ~impl() {
        for (int i = 0; i < 3; ++i) ev_ref(native);
        ev_prepare_stop(native, &prepare);
        ev_async_stop(native, &woken);
        ev_async_stop(native, &stopping);
        ev_idle_stop(native, &idle);
        ev_timer_stop(native, &timer);
        if (owned) ev_loop_destroy(native);
    }

    template <class Watcher>
    static impl& from(Watcher* w) noexcept {
        return *static_cast<impl*>(w->data);
    }

    // The idle watcher also keeps an adopted loop from ending before the turn.
    void ask_for_turn() noexcept {
        turn_due = true;
        ev_idle_start(native, &idle);
    }

    void timer_fired() noexcept {
        timer_due = true;
        ask_for_turn();
    }

    // A request that comes when the run it was meant for has ended is not for the next one.
    void break_run() noexcept {
        if (owner.stopped()) ev_break(native, EVBREAK_ONE);
    }

    void before_waiting() noexcept {
        if (!std::exchange(turn_due, false)) return;
        ev_idle_stop(native, &idle);
        if (std::exchange(timer_due, false))
            owner.backend_timer_fired();
        else
            owner.turn();
    }

    bool owned;
    struct ::ev_loop* native;
    ev_loop& owner;
    ev_prepare prepare;
    ev_idle idle;
    ev_async woken;
    ev_async stopping;
    ev_timer timer;
    bool turn_due = false;
    bool timer_due = false;
};

ev_loop::ev_loop() : impl_(std::make_unique<impl>(*this, nullptr)) {}
ev_loop::ev_loop(struct ::ev_loop* adopted) : impl_(std::make_unique<impl>(*this, adopted)) { share_backend(); }
ev_loop::~ev_loop() { detach_all(); }

struct ::ev_loop* ev_loop::native() noexcept { return impl_->native; }

void ev_loop::request_turn() noexcept { impl_->ask_for_turn(); }

void ev_loop::wake() noexcept { ev_async_send(impl_->native, &impl_->woken); }

void ev_loop::set_backend_timer(time_point when) noexcept {
    ev_timer_stop(impl_->native, &impl_->timer);
    if (when == no_deadline) return;
    // libev counts from the time at which its iteration began.
    ev_now_update(impl_->native);
    auto const now = clock::now();
    auto const left = when > now ? when - now : duration(); // no difference of what may be the first moment there is
    ev_timer_set(&impl_->timer, std::chrono::duration<double>(left).count(), 0.);
    ev_timer_start(impl_->native, &impl_->timer);
}

void ev_loop::run_backend() {
    ev_ref(impl_->native); // stay although nothing is watched
    if (!stopped()) ev_run(impl_->native, 0);
    ev_unref(impl_->native);
}

void ev_loop::stop_backend() noexcept { ev_async_send(impl_->native, &impl_->stopping); }

std::unique_ptr<detail::watch_backend> ev_loop::watch(int fd, fd_watch& owner) {
    return std::make_unique<ev_watch>(impl_->native, fd, owner);
}

} // namespace coda

#endif
