// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/parameters.hpp>

/// Parameters whose number and types are known only when the program runs. Stands for all of a statement's:
///
///     coda::pg::arguments values;
///     for (auto const& id : ids) values.add(id);
///     auto found = co_await db.query<account>(text_with_so_many_placeholders, values);
namespace coda::pg {

namespace detail {
class argument_list;
}

/// Values for $1, $2 ... in order, at most 65,535, as PostgreSQL has it. Copies them; is itself referred to until the
/// statement has ended.
class arguments {
public:
    /// One more: what a statement takes as a parameter, an empty std::optional for NULL.
    template <class T>
    void add(T const& value) {
        if constexpr (detail::unwrap_optional<T>::nullable) {
            if (value) return add(*value);
            types_.push_back(codec<typename detail::unwrap_optional<T>::type>::type);
            lengths_.push_back(null);
            formats_.push_back(0);
        } else {
            auto const begin = values_.appended().size();
            auto const place = types_.size();
            bool const good = values_.refused() == nullptr;
            codec<T>::encode(value, values_);
            if (auto const elsewhere = values_.take_referred()) values_.append(*elsewhere);
            types_.push_back(codec<T>::type);
            lengths_.push_back(static_cast<int>(values_.appended().size() - begin));
            formats_.push_back(detail::is_binary<T>());
            if (!detail::is_binary<T>()) values_.append_integer('\0'); // libpq looks for the end of a text
            if (good && values_.refused() != nullptr) refused_at_ = place;
        }
    }
    /// A text; NULL for a null pointer.
    void add(char const* text) {
        add(text != nullptr ? std::optional<std::string_view>(text) : std::optional<std::string_view>());
    }

    /// How many there are.
    std::size_t size() const noexcept { return types_.size(); }

private:
    friend class detail::argument_list;
    static constexpr int null = -1;

    encoder values_; // one behind the other
    std::vector<oid> types_;
    std::vector<int> lengths_;
    std::vector<int> formats_;
    std::size_t refused_at_ = 0; // where values_ has refused one
};

namespace detail {

// What `parameters` is for values of known types.
class argument_list {
public:
    argument_list(std::in_place_t, arguments const& of) noexcept : of_(&of) {}

    // errc::invalid_argument where they are too many, too large, or one cannot be sent.
    result<statement_view> encode(std::string_view sql);

private:
    arguments const* of_;
    std::vector<char const*> pointers_;
};

template <class A>
    requires std::is_same_v<std::remove_cvref_t<A>, arguments>
struct parameters_of<A> {
    static_assert(std::is_lvalue_reference_v<A>,
                  "pg::arguments are referred to until the statement has ended: give them a name, and no std::move");
    using type = argument_list;
};

} // namespace detail

} // namespace coda::pg
