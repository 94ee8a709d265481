// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "clients/mongo/blocking_session.hpp"
#include "plan.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace coda::bench::mongo {

/// libmongoc's own pool of clients, as a service with threads uses it. It does not serve in order.
class client_pool {
public:
    /// Connects them all.
    /// @throws std::runtime_error with the reason
    explicit client_pool(plan const& p);

    /// Waits until one is free.
    [[nodiscard]] std::size_t acquire();
    void release(std::size_t index);

    class session {
    public:
        explicit session(mongoc_client_t* client) : client_(client) {}

        [[nodiscard]] std::string execute(query q, std::int64_t key, std::int64_t& next) {
            return mongo::execute(client_, {q, key}, next, lost_);
        }
        [[nodiscard]] bool alive() const noexcept { return !lost_; }

    private:
        friend client_pool;
        mongoc_client_t* client_;
        bool lost_ = false;
    };

    session& operator[](std::size_t index) { return sessions_[index]; }

private:
    struct destroy_pool {
        void operator()(mongoc_client_pool_t* p) const noexcept { mongoc_client_pool_destroy(p); }
    };

    std::unique_ptr<mongoc_client_pool_t, destroy_pool> pool_;
    std::vector<session> sessions_;
    std::unordered_map<mongoc_client_t*, std::size_t> index_of_; // not changed once it is filled
};

} // namespace coda::bench::mongo
