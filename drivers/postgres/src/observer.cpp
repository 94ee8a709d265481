// SPDX-License-Identifier: BSL-1.0
#include <coda/postgres/detail/big_endian.hpp>
#include <coda/postgres/detail/observed.hpp>

#include <fmt/format.h>

namespace coda::pg {

namespace {

template <class T, std::unsigned_integral U>
std::string number(bytes from) {
    if (from.size() != sizeof(U)) return "?";
    return fmt::format("{}", std::bit_cast<T>(detail::load_big_endian<U>(from)));
}

std::string quoted(bytes from, std::size_t most) {
    std::string text = "'";
    std::size_t shown = 0;
    for (auto const b : from) {
        if (++shown > most) break;
        auto const c = static_cast<char>(b);
        bool const control = static_cast<unsigned char>(c) < ' ' || c == '\x7f';
        if (c == '\'') text += c;
        text += control ? ' ' : c;
    }
    return text + (shown > most ? "...'" : "'");
}

std::string hexadecimal(bytes from, std::size_t most) {
    std::string text = "'\\x";
    bool const all = from.size() <= most / 2;
    for (auto const b : from.first(all ? from.size() : most / 2)) text += fmt::format("{:02x}", b);
    return text + (all ? "'" : "...'");
}

std::string written(oid type, bytes from, bool binary, std::size_t most) {
    if (!binary) return quoted(from, most);
    switch (type) {
    case type::boolean: return number<std::uint8_t, std::uint8_t>(from) == "0" ? "false" : "true";
    case type::int2: return number<std::int16_t, std::uint16_t>(from);
    case type::int4: return number<std::int32_t, std::uint32_t>(from);
    case type::int8: return number<std::int64_t, std::uint64_t>(from);
    case type::oid_: return number<std::uint32_t, std::uint32_t>(from);
    case type::float4: return number<float, std::uint32_t>(from);
    case type::float8: return number<double, std::uint64_t>(from);
    default: return hexadecimal(from, most);
    }
}

} // namespace

std::size_t sent_parameters::size() const noexcept { return of_ != nullptr ? of_->types.size() : 0; }

oid sent_parameters::type(std::size_t at) const noexcept { return of_->types[at]; }

std::optional<bytes> sent_parameters::value(std::size_t at) const noexcept {
    if (of_->values[at] == nullptr) return {};
    return std::as_bytes(std::span(of_->values[at], static_cast<std::size_t>(of_->lengths[at])));
}

bool sent_parameters::is_binary(std::size_t at) const noexcept { return of_->formats[at] != 0; }

std::string sent_parameters::to_string(std::size_t most) const {
    std::string all;
    for (std::size_t i = 0; i < size(); ++i) {
        auto const v = value(i);
        all += fmt::format("{}${} = {}", i > 0 ? ", " : "", i + 1,
                           v ? written(type(i), *v, is_binary(i), most) : std::string("NULL"));
    }
    return all;
}

namespace detail {

// Until something else is said of it, its caller has gone away.
observed::state::state(statement_observer& who, statement_view const& s) noexcept
    : told(who), failure(error(coda::errc::cancelled)) {
    event.sql = s.sql;
    if (!s.types.empty()) event.parameters = sent_parameters(s);
}

void observed::state::keep_text() {
    text = event.sql;
    event.sql = text;
}

void observed::state::add(result_set const& rows) noexcept {
    event.rows += rows.size();
    event.affected += rows.affected();
    event.bytes += rows.memory();
    came = statement_notes::clock::now();
}

void observed::state::was_read() noexcept { event.decoding += statement_notes::clock::now() - came; }

void observed::state::tell() noexcept {
    using moment = statement_notes::clock::time_point;
    auto const now = statement_notes::clock::now();
    bool const was_sent = notes.sent != moment();
    event.use = notes.use;
    event.queued = (was_sent ? notes.sent : now) - notes.queued;
    if (was_sent) event.server = (notes.answered != moment() ? notes.answered : now) - notes.sent;
    event.failure = failure ? &*failure : nullptr;
    told.on_statement(event);
}

} // namespace detail

} // namespace coda::pg
