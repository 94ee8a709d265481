// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/cancellation.hpp>

#include <utility>

namespace coda::detail {

// A connection of a client that has a pool inside. Ends with the client, wherever it is used.
template <class Connection>
class client_connection : public Connection, private cancel_callback {
public:
    template <class... Arguments>
    explicit client_connection(cancel_token client_ends, Arguments&&... arguments)
        : Connection(std::forward<Arguments>(arguments)...),
          cancel_callback([](cancel_callback& self) noexcept { static_cast<client_connection&>(self).abort(); }) {
        client_ends.attach(*this);
    }
};

} // namespace coda::detail
