// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/codec/trait.hpp>

#include <boost/uuid/uuid.hpp>

namespace coda::pg {

/// uuid.
template <>
struct codec<boost::uuids::uuid> {
    static constexpr oid type = type::uuid;
    static constexpr bool reads(oid sent) noexcept { return sent == type::uuid; }
    static bool decode(bytes from, oid sent, boost::uuids::uuid& to) noexcept {
        if (!reads(sent) || from.size() != to.size()) return false;
        std::memcpy(to.begin(), from.data(), from.size());
        return true;
    }
    static void encode(boost::uuids::uuid const& value, encoder& to) {
        to.append(std::as_bytes(std::span(value.begin(), value.size())));
    }
};

} // namespace coda::pg
