// SPDX-License-Identifier: BSL-1.0
// An awaiter of one's own: how drivers wait. It receives the context of the task that awaits it, lives in that task's
// frame, and so allocates nothing.
#include <coda/runtime.hpp>
#include <coda/runtime/waiter.hpp>

#include <fmt/format.h>

#include <string>
#include <string_view>

using namespace std::chrono_literals;

// A mailbox of one letter, for tasks of one loop.
class mailbox {
public:
    void put(std::string letter) {
        letter_ = std::move(letter);
        readers_.wake_one();
    }

    class awaiter : public coda::waiter {
    public:
        explicit awaiter(mailbox& box) : box_(box) {}
        bool await_ready() const { return !box_.letter_.empty(); }
        // Queued until woken; false when the task is cancelled already.
        bool await_suspend(std::coroutine_handle<> h, coda::context const* ctx) {
            return box_.readers_.suspend(*this, h, ctx);
        }
        // With await_result, coda::as_result and with_timeout work without exceptions.
        coda::result<std::string> await_result() {
            if (failure()) return coda::error(failure());
            return std::exchange(box_.letter_, "");
        }
        std::string await_resume() { return await_result().value(); }

    private:
        mailbox& box_;
    };
    struct reading {
        mailbox& box;
        awaiter operator co_await() const { return awaiter(box); }
    };
    reading read() { return {*this}; }

private:
    std::string letter_;
    coda::wait_queue readers_;
};

coda::task<> app() {
    mailbox box;
    co_await coda::with_scope([&](coda::scope& s) -> coda::task<> {
        auto reader = s.spawn(box.read());
        co_await coda::sleep_for(1ms);
        box.put("hello");
        fmt::print("read: {}\n", co_await reader.join());

        auto nothing = co_await coda::as_result(coda::with_timeout(5ms, box.read()));
        fmt::print("then: {}\n", nothing.error().message());
    });
}

int main() {
    coda::asio_loop loop;
    loop.run(app());
}
