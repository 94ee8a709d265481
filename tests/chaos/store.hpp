// SPDX-License-Identifier: BSL-1.0
// A database as the storms see it: requests whose answers can be checked, and a server that faults can be done to.
#pragma once

#include "support/socket.hpp"

#include <coda/pool/listener.hpp>
#include <coda/pool/options.hpp>
#include <coda/pool/statistics.hpp>
#include <coda/runtime.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coda::chaos {

/// What callers ask for. Every answer is the text that came with the request, as the server sent it back, or other
/// words of the server's where it is not.
enum class request : unsigned char {
    read,        ///< from a client that others share
    slow_read,   ///< that takes the server a while
    write,       ///< one more for the number
    leased_read, ///< on a connection from the pool; slow as well
    transaction, ///< one more for the number, on a leased connection
    rolled_back, ///< the same, given back before it is committed: it never happens
};

/// Whether the server counts something for its number.
constexpr bool writes(request r) noexcept { return r >= request::write && r != request::leased_read; }

/// Whether it has a connection for itself.
constexpr bool leases(request r) noexcept { return r >= request::leased_read; }

/// The client and the pool that are tested, on one loop. Requests may be made and not begun when it ends.
class subject {
public:
    virtual ~subject() = default;

    virtual operation<std::string> ask(request what, std::string text, std::uint64_t number) = 0;
    /// As many leases as there may be, at once, given back again, by the context's deadline.
    virtual operation<> take_all() = 0;
    /// Has the pool replace its connections, those in use at once where `interrupt`. False where it cannot be asked to.
    virtual bool clear(bool interrupt) = 0;
    /// Closes client and pool.
    virtual operation<> close() = 0;
    virtual pool_statistics statistics() const = 0;
    /// Of the client whose connections are shared; nothing where there is none.
    virtual std::optional<pool_statistics> shared_statistics() const = 0;
    /// The longest that a request takes when its caller sets no bound.
    virtual duration bound(request what) const = 0;
};

class pool_witness;
/// Is told what must not be, in words; on any thread.
using objector = std::function<void(std::string)>;

/// A pool on each loop of a group, of one total (coda::sharded). On any of its loops, but for what says otherwise.
class sharded_subject {
public:
    virtual ~sharded_subject() = default;

    /// From any loop, before all else and after it.
    virtual operation<> open() = 0;
    virtual operation<> close() = 0;
    /// Of requests, only those that lease.
    virtual operation<std::string> ask(request what, std::string text, std::uint64_t number) = 0;
    /// So many leases at once, given back again, by the context's deadline.
    virtual operation<> take(std::size_t n) = 0;
    /// Holds the pool's figures against its events.
    virtual operation<> look() = 0;
    virtual operation<> clear(bool interrupt) = 0;
    /// Both of the loop that asks.
    virtual operation<std::size_t> permits() = 0;
    virtual operation<pool_statistics> statistics() = 0;
    /// Connections there are, on all loops; on any thread.
    virtual std::size_t live() const noexcept = 0;
    /// One for each loop; when all is closed.
    virtual std::vector<pool_witness const*> witnesses() const = 0;
    /// See subject::bound.
    virtual duration bound(request what) const = 0;
};

/// The server. All of it blocks, and throws where the server cannot be reached.
class store {
public:
    virtual ~store() = default;

    virtual std::string_view name() const = 0;
    virtual test::endpoint where() const = 0;
    /// A place of this name for the writes of one storm, and what is read.
    virtual void prepare(std::string const& place) = 0;
    virtual std::map<std::uint64_t, long> written(std::string const& place) = 0;
    virtual void remove(std::string const& place) = 0;
    /// False where it has no way to.
    virtual bool end_sessions() = 0;

    /// `shared` is told of the client's connections, `pool.listener` of the pool's. Reads are grouped where `grouped`
    /// and the driver can.
    virtual std::unique_ptr<subject> open(loop& l, test::endpoint const& through, std::string const& place,
                                          pool_options const& pool, pool_listener& shared, bool grouped) = 0;
    /// pool.max_size is the total.
    virtual std::unique_ptr<sharded_subject> open_sharded(loop_group& g, test::endpoint const& through,
                                                          std::string const& place, pool_options const& pool,
                                                          objector object) = 0;
};

std::unique_ptr<store> postgres_store();
std::unique_ptr<store> redis_store();
std::unique_ptr<store> mongo_store();

/// Bounds of everything in a storm, short enough for a client to be well again within a second.
struct bounds {
    static constexpr duration connect = std::chrono::milliseconds(300);
    static constexpr duration request = std::chrono::milliseconds(300);
    static constexpr duration acquire = std::chrono::milliseconds(300);
    static constexpr duration drain = std::chrono::milliseconds(150);
    static constexpr duration reset = std::chrono::milliseconds(300);
    static constexpr duration validate = std::chrono::milliseconds(150);
    static constexpr duration close = std::chrono::milliseconds(300);
};

/// For those who ask when there is nobody to be asked any more.
template <class T>
operation<T> closed_already() {
    co_return error(errc::closed);
}

} // namespace coda::chaos
