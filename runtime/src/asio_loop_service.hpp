// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/co_spawn.hpp>

#include <boost/asio/execution_context.hpp>
#include <boost/asio/io_context.hpp>

#include <memory>
#include <mutex>

namespace coda::detail {

// What an io_context knows of coda: its loop, and the tasks that Asio started on it.
class asio_loop_service final : public asio::execution_context::service {
public:
    using key_type = asio_loop_service;
    static asio::execution_context::id id;

    explicit asio_loop_service(asio::io_context& io);

    static asio_loop_service& of(asio::io_context& io) { return asio::use_service<asio_loop_service>(io); }

    // The loop that came first, or one made now. From any thread.
    asio_loop& loop();
    // By a loop's constructor and destructor.
    void attach(asio_loop& l);
    void detach(asio_loop& l) noexcept;

    // On the loop's thread.
    void add(asio_spawned& task) noexcept { tasks_.push_back(task); }

private:
    void shutdown() noexcept override;
    void destroy_tasks() noexcept;

    asio::io_context& io_;
    std::recursive_mutex mutex_; // of loop_: making a loop attaches it
    asio_loop* loop_ = nullptr;
    std::unique_ptr<asio_loop> own_;
    intrusive_list<asio_spawned> tasks_;
};

} // namespace coda::detail
