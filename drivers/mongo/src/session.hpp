// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "library.hpp"
#include "wire.hpp"

#include <coda/mongo/detail/command.hpp>
#include <coda/mongo/options.hpp>
#include <coda/runtime/mutex.hpp>

#include <memory>

namespace coda::mongo::detail {

// A libmongoc client, which runs on fibers of this connection's, one command after the other. Of no more use after its
// first failure: what libmongoc makes of a connection whose answer it did not see is unknown.
class session {
public:
    session(loop& l, connection_options const& options);
    session(session const&) = delete;
    session& operator=(session const&) = delete;
    ~session();

    // Makes the client and has it find its server, do the handshakes and log in.
    operation<> open(uri_handle uri);
    operation<bson::document> run(command c);
    // Says good-bye to the server.
    operation<> close();
    // At once: the command under way ends with errc::closed.
    void abort() noexcept;

    bool usable() const noexcept { return client_ != nullptr && !wire_.is_shut(); }
    error why_lost() const;
    std::size_t stack_used() const { return stacks_.high_water_mark(); }
    // The server that the last command went to, by the name that it has in all clients of these servers; empty where
    // there is only one.
    std::string server() const { return several_ && wire_.written_to() ? *wire_.written_to() : std::string(); }

private:
    // Calls `f(fiber)` on a fiber with the client to itself; what it gives, or why it could not.
    template <class F>
    auto with_client(F f) -> operation<typename coda::detail::fiber_value<std::invoke_result_t<F&>>::type>;
    result<bson::document> run_now(command& c);
    result<> open_now(mongoc_uri_t const* uri);
    error io_failure(error otherwise) const;
    error no_server(error otherwise);

    connection_options options_;
    fiber_stacks stacks_;
    mutex turn_;
    cancel_source aborted_;
    wire wire_; // the client's streams use it
    client_handle client_;
    bool several_ = false;          // servers, or there may be
    bool may_lack_primary_ = false; // it reads from secondaries too
};

} // namespace coda::mongo::detail
