// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Replies as they came, for commands whose reply has no fixed type.
///
///     coda::redis::reply r = co_await db.command<coda::redis::reply>("XINFO", "STREAM", key);
///     for (auto part : r) log(part.text());
namespace coda::redis {

enum class reply_kind : unsigned char { nil, integer, string, status, error, array };

/// "an integer", "nil" ...: for messages.
std::string_view to_string(reply_kind) noexcept;

namespace detail {

// One value of a reply. A reply is a sequence of them, each array followed by its elements.
struct reply_node {
    reply_kind kind;
    std::uint32_t span;  // nodes of this value: itself and all that is in it
    std::int64_t number; // the integer; an array's number of elements; where a text begins
    std::size_t length;  // of a text
};

} // namespace detail

/// A value within a reply. Valid as long as what it was taken from.
class reply_view {
public:
    /// For the driver.
    reply_view(detail::reply_node const* at, char const* texts) noexcept : at_(at), texts_(texts) {}

    reply_kind kind() const noexcept { return at_->kind; }
    bool is_nil() const noexcept { return kind() == reply_kind::nil; }
    /// The integer; 0 where it is none.
    std::int64_t integer() const noexcept { return kind() == reply_kind::integer ? at_->number : 0; }
    /// The bytes of a string, a status or an error; empty where it is none of these.
    std::string_view text() const noexcept {
        bool const is_text =
            kind() == reply_kind::string || kind() == reply_kind::status || kind() == reply_kind::error;
        return is_text ? std::string_view(texts_ + at_->number, at_->length) : std::string_view();
    }
    /// How many elements an array has; 0 where it is none.
    std::size_t size() const noexcept {
        return kind() == reply_kind::array ? static_cast<std::size_t>(at_->number) : 0;
    }

    class iterator {
    public:
        using value_type = reply_view;
        using difference_type = std::ptrdiff_t;
        iterator() noexcept = default;
        reply_view operator*() const noexcept { return {at_, texts_}; }
        iterator& operator++() noexcept {
            at_ += at_->span;
            return *this;
        }
        iterator operator++(int) noexcept {
            iterator const before = *this;
            ++*this;
            return before;
        }
        friend bool operator==(iterator const& a, iterator const& b) noexcept { return a.at_ == b.at_; }

    private:
        friend class reply_view;
        iterator(detail::reply_node const* at, char const* texts) noexcept : at_(at), texts_(texts) {}
        detail::reply_node const* at_ = nullptr;
        char const* texts_ = nullptr;
    };
    /// The elements of an array.
    iterator begin() const noexcept { return {at_ + 1, texts_}; }
    iterator end() const noexcept { return {at_ + at_->span, texts_}; }
    /// The element number `i`, which must exist. Walks over those before it.
    reply_view operator[](std::size_t i) const noexcept {
        auto element = begin();
        while (i-- > 0) ++element;
        return *element;
    }

private:
    friend class reply;
    detail::reply_node const* at_;
    char const* texts_;
};

/// A whole reply, owned. An error within it (of one command of a transaction) is a value like others; an error as the
/// whole reply ends the command with that error instead.
class reply {
public:
    /// nil.
    reply() : nodes_{{reply_kind::nil, 1, 0, 0}} {}
    /// A copy.
    explicit reply(reply_view from);

    reply_view view() const noexcept { return {nodes_.data(), texts_.data()}; }
    operator reply_view() const noexcept { return view(); }

    reply_kind kind() const noexcept { return view().kind(); }
    bool is_nil() const noexcept { return view().is_nil(); }
    std::int64_t integer() const noexcept { return view().integer(); }
    std::string_view text() const noexcept { return view().text(); }
    std::size_t size() const noexcept { return view().size(); }
    reply_view::iterator begin() const noexcept { return view().begin(); }
    reply_view::iterator end() const noexcept { return view().end(); }
    reply_view operator[](std::size_t i) const noexcept { return view()[i]; }

private:
    std::vector<detail::reply_node> nodes_;
    std::string texts_;
};

/// A status reply: "OK", "PONG", "QUEUED".
struct status {
    std::string text;
    friend bool operator==(status const&, status const&) = default;
};

} // namespace coda::redis
