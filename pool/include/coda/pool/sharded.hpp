// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/pool/detail/permits.hpp>
#include <coda/pool/pool.hpp>
#include <coda/runtime/deadline.hpp>
#include <coda/runtime/loop_group.hpp>

#include <fmt/format.h>

/// One client for each loop of a group, and one bound for them all.
///
///     coda::sharded<pg_pool> pools(group, 40, [&](coda::loop& l, std::size_t n) {
///         return std::make_unique<pg_pool>(l, connections(l), coda::pool_options{.max_size = n});
///     });
///     co_await pools.open();
///     auto db = co_await (co_await pools.local()).acquire();     // on any of the group's loops
namespace coda {

/// What can be sharded: what has permits as a `pool` has them, and can be closed. A pool is; what has one can hand on
/// its functions.
template <class C>
concept shardable = requires(C& c, C const& k, detail::pool_watcher* w) {
    { c.watch(w) } noexcept;
    { k.starved() } noexcept -> std::same_as<bool>;
    { c.give_up_permit() } noexcept -> std::same_as<bool>;
    { k.permits_free() } noexcept -> std::same_as<bool>;
    { c.add_permit() } noexcept;
    { c.close() } -> std::same_as<operation<>>;
};

namespace detail {

// A client where its exchange finds it; made, used and destroyed on its loop.
template <shardable Client>
class shard final : public permit_holder, public pool_watcher {
public:
    shard(std::unique_ptr<Client> c, std::shared_ptr<permit_exchange> exchange, std::size_t at)
        : client_(std::move(c)), exchange_(std::move(exchange)), at_(at) {
        client_->watch(this);
        exchange_->attach(at_, *this);
    }
    ~shard() override {
        exchange_->detach(at_);
        client_->watch(nullptr);
    }
    shard(shard const&) = delete;
    shard& operator=(shard const&) = delete;

    Client& client() noexcept { return *client_; }

private:
    void changed() noexcept override { exchange_->changed(at_); }
    bool starved() const noexcept override { return std::as_const(*client_).starved(); }
    bool give_up() noexcept override { return client_->give_up_permit(); }
    bool freed() const noexcept override { return std::as_const(*client_).permits_free(); }
    void add() noexcept override { client_->add_permit(); }

    std::unique_ptr<Client> const client_;
    std::shared_ptr<permit_exchange> const exchange_;
    std::size_t const at_;
};

std::vector<loop*> loops_of(loop_group& group);
// The share of the client of that index.
std::size_t share_of(std::size_t max_size, std::size_t loops, std::size_t at) noexcept;

} // namespace detail

/// A client for each loop of a group: nothing is shared between them but the total of their connections. Each begins
/// with an even share of it; a permit that a client does not need (it has fewer connections, or one has been idle for
/// 100 ms, which is then closed) goes to one where somebody waits. At least one stays with each. The loops speak by
/// `loop::post` alone.
///
/// Connections that are opened and closed meanwhile count as well: there are never more than the total.
template <shardable Client>
class sharded {
public:
    /// Makes the client of a loop, on its thread, with at most `max_size` connections to begin with.
    using factory = std::function<std::unique_ptr<Client>(loop&, std::size_t max_size)>;

    /// Makes nothing yet. `group` must outlive it. Throws `exception` (errc::invalid_argument) where there are fewer
    /// connections than loops.
    sharded(loop_group& group, std::size_t max_size, factory make)
        : group_(group),
          max_size_(max_size),
          make_(std::move(make)),
          exchange_(std::make_shared<detail::permit_exchange>(detail::loops_of(group))),
          shards_(group.size()) {
        if (max_size < group.size())
            throw exception(error(
                make_error_code(errc::invalid_argument),
                fmt::format("max_size must be at least the number of loops, {}, not {}", group.size(), max_size)));
    }
    /// `close` must have ended, or `open` never begun.
    ~sharded() = default;
    sharded(sharded const&) = delete;
    sharded& operator=(sharded const&) = delete;

    /// Makes the clients. Once, from any loop. Fails with what the factory throws; then `close` is to be called.
    operation<> open() {
        auto const made = co_await as_result(run_on_each(group_, [this](std::size_t i) { return make(i); }));
        if (made.has_error()) co_return made.error();
        co_return result<>();
    }

    /// Closes and destroys the clients, each on its loop, within the bounds of its `close`. From any loop; no one may
    /// use them any more. Cancellation and a deadline do not keep it from that. May be called again.
    operation<> close() {
        auto const close_it = [this](std::size_t i) { return close_one(i); };
        auto const closed = co_await as_result(shield(run_on_each(group_, close_it)));
        if (closed.has_error()) co_return closed.error();
        co_return result<>();
    }

    /// The client of the loop that asks: errc::invalid_argument from a loop outside the group, errc::closed before
    /// `open` and after `close`. Does not wait.
    operation<std::reference_wrapper<Client>> local() {
        context const& here = co_await this_context();
        std::size_t const i = exchange_->index_of(here.loop);
        if (i == exchange_->size()) co_return used_from_another_loop("a sharded client");
        if (!shards_[i]) co_return error(errc::closed);
        co_return std::ref(shards_[i]->client());
    }

    /// How many there are.
    std::size_t size() const noexcept { return shards_.size(); }

private:
    task<> make(std::size_t i) {
        shards_[i].emplace(make_(group_[i], detail::share_of(max_size_, size(), i)), exchange_, i);
        co_return;
    }
    task<> close_one(std::size_t i) {
        if (!shards_[i]) co_return;
        co_await shards_[i]->client().close();
        shards_[i].reset();
    }

    loop_group& group_;
    std::size_t max_size_;
    factory make_;
    std::shared_ptr<detail::permit_exchange> exchange_;
    std::vector<std::optional<detail::shard<Client>>> shards_; // each its loop's alone
};

} // namespace coda
