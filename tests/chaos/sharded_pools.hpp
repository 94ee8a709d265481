// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "leases.hpp"
#include "pool_witness.hpp"
#include "store.hpp"

#include <coda/pool/sharded.hpp>

#include <atomic>
#include <optional>

namespace coda::chaos {

/// A connection that is counted, on whatever loop, until it is gone or useless.
template <class Connection>
class counted_connection final : public Connection {
public:
    template <class... Arguments>
    explicit counted_connection(std::atomic<std::size_t>& live, Arguments&&... arguments)
        : Connection(std::forward<Arguments>(arguments)...), live_(live) {
        ++live_;
    }
    ~counted_connection() { gone(); }
    counted_connection(counted_connection const&) = delete;
    counted_connection& operator=(counted_connection const&) = delete;

    void abort() noexcept {
        gone();
        Connection::abort();
    }

private:
    void gone() noexcept {
        if (std::exchange(counted_, false)) --live_;
    }

    std::atomic<std::size_t>& live_;
    bool counted_ = true;
};

/// A pool for each loop of a group: what stores have in common.
template <class Connection>
class sharded_pools : public sharded_subject {
public:
    using connection = counted_connection<Connection>;
    using factory = std::function<std::unique_ptr<connection>(loop&, std::atomic<std::size_t>& live)>;

    sharded_pools(loop_group& g, pool_options const& o, factory make, objector object)
        : group_(g),
          options_(o),
          make_(std::move(make)),
          object_(std::move(object)),
          witnesses_(g.size()),
          pools_(g, o.max_size, [this](loop& l, std::size_t share) { return pool_of(l, share); }) {}

    operation<> open() override { return pools_.open(); }
    operation<> close() override { return pools_.close(); }

    operation<> take(std::size_t n) override {
        return hold_at_once(n, [this] { return acquire(); });
    }
    operation<> look() override {
        auto const here = co_await as_result(pools_.local());
        if (here.has_error()) co_return here.error();
        context const& ctx = co_await this_context();
        witnesses_[index_of(*ctx.loop)]->compare(here->get().statistics());
        co_return result<>();
    }
    operation<> clear(bool interrupt) override {
        auto const here = co_await as_result(pools_.local());
        if (here.has_error()) co_return here.error();
        here->get().clear({.interrupt_in_use = interrupt});
        co_return result<>();
    }
    operation<std::size_t> permits() override {
        auto const here = co_await as_result(pools_.local());
        if (here.has_error()) co_return here.error();
        co_return here->get().permits();
    }
    operation<pool_statistics> statistics() override {
        auto const here = co_await as_result(pools_.local());
        if (here.has_error()) co_return here.error();
        co_return here->get().statistics();
    }
    std::size_t live() const noexcept override { return live_; }
    std::vector<pool_witness const*> witnesses() const override {
        std::vector<pool_witness const*> all;
        for (auto const& w : witnesses_)
            if (w) all.push_back(&*w);
        return all;
    }

protected:
    operation<lease<connection>> acquire() {
        auto const here = co_await as_result(pools_.local());
        if (here.has_error()) co_return here.error();
        auto taken = co_await as_result(here->get().acquire());
        co_return std::move(taken);
    }

private:
    std::size_t index_of(loop const& l) const {
        std::size_t i = 0;
        while (&group_[i] != &l) ++i;
        return i;
    }
    std::unique_ptr<pool<connection>> pool_of(loop& l, std::size_t share) {
        auto o = options_;
        o.max_size = share;
        o.min_size = std::min<std::size_t>(o.min_size, 1);
        o.listener = &witnesses_[index_of(l)].emplace(l, o, object_);
        auto const make = [this, &l] {
            auto made = make_(l, live_);
            if (auto const n = live(); n > options_.max_size)
                object_(fmt::format("{} connections of {} there may be", n, options_.max_size));
            return made;
        };
        return std::make_unique<pool<connection>>(l, make, o);
    }

    loop_group& group_;
    pool_options options_;
    factory make_;
    objector object_;
    std::atomic<std::size_t> live_ = 0;
    std::vector<std::optional<pool_witness>> witnesses_; // each its loop's
    sharded<pool<connection>> pools_;
};

} // namespace coda::chaos
