// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/mongo/bson/detail/kinds.hpp>
#include <coda/mongo/bson/document.hpp>
#include <coda/mongo/bson/view.hpp>

#include <boost/mp11/algorithm.hpp>

#include <cmath>
#include <optional>
#include <utility>

// How a value becomes a C++ type. Every `read` returns false after it has told the `read_failure` why.
namespace coda::bson::detail {

// What could not be read. Made at the innermost field; each level around it puts its key before the path.
class read_failure {
public:
    // Each returns false, for the caller to return.
    bool mismatch(std::string_view expected, element const& found);
    bool mismatch(std::string_view expected, std::string_view found);
    bool missing(std::string_view key);
    bool within(std::string_view key);

    // The error for users.
    error take();

private:
    error_code code_;
    std::string path_;
    std::string_view expected_;
    std::string_view found_;
};

bool load_value(element const& from, bool& to) noexcept;
bool load_value(element const& from, std::int64_t& to) noexcept; // from a double too, where that is lossless
bool load_value(element const& from, double& to) noexcept;       // from integers too, where that is lossless
bool load_value(element const& from, std::string& to);
bool load_value(element const& from, std::string_view& to) noexcept;
bool load_value(element const& from, view& to) noexcept;
bool load_value(element const& from, array_view& to) noexcept;
bool load_value(element const& from, document& to);
bool load_value(element const& from, array_document& to);
bool load_value(element const& from, binary& to);
bool load_value(element const& from, binary_view& to) noexcept;
bool load_value(element const& from, std::vector<std::byte>& to);
bool load_value(element const& from, object_id& to) noexcept;
bool load_value(element const& from, date& to) noexcept;
bool load_value(element const& from, regex& to);
bool load_value(element const& from, code& to);
bool load_value(element const& from, timestamp& to) noexcept;
bool load_value(element const& from, decimal128& to) noexcept;
bool load_value(element const& from, null_t& to) noexcept;
bool load_value(element const& from, undefined_t& to) noexcept;
bool load_value(element const& from, min_key_t& to) noexcept;
bool load_value(element const& from, max_key_t& to) noexcept;

inline bool is_null(element const& e) noexcept { return e.type() == type::null || e.type() == type::undefined; }

// Finds the fields of a struct. They mostly stand in the order of its members, so each search goes on after the last
// hit.
class field_cursor {
public:
    explicit field_cursor(view in) noexcept : in_(in), next_(in.begin()) {}
    std::optional<element> find(std::string_view key) noexcept;

private:
    view in_;
    view::iterator next_;
};

// What errors call the type that was asked for.
template <class T>
std::string_view name_of() {
    constexpr auto k = kind_of<T>();
    if constexpr (k == kind::codec)
        return codec<T>::name;
    else if constexpr (k == kind::scalar)
        return to_string(static_cast<type>(wire_type<T>));
    else if constexpr (k == kind::integer && std::is_signed_v<T>)
        return sizeof(T) == 8 ? "int64" : sizeof(T) == 4 ? "int32" : sizeof(T) == 2 ? "int16" : "int8";
    else if constexpr (k == kind::integer)
        return sizeof(T) == 8 ? "uint64" : sizeof(T) == 4 ? "uint32" : sizeof(T) == 2 ? "uint16" : "uint8";
    else if constexpr (k == kind::real)
        return sizeof(T) == sizeof(double) ? "double" : "float";
    else if constexpr (k == kind::sequence)
        return "array";
    else
        return "document";
}

template <class T>
bool read(element const& from, T& to, read_failure& failure);

template <class T>
bool read_number(element const& from, T& to) {
    if constexpr (std::integral<T>) {
        std::int64_t wide = 0;
        if (!load_value(from, wide) || !std::in_range<T>(wide)) return false;
        to = static_cast<T>(wide);
        return true;
    } else {
        double wide = 0;
        if (!load_value(from, wide)) return false;
        to = static_cast<T>(wide);
        return static_cast<double>(to) == wide || std::isnan(wide);
    }
}

template <class T>
bool read_enum(element const& from, T& to, read_failure& failure) {
    if constexpr (boost::describe::has_describe_enumerators<T>::value) {
        std::string_view name;
        if (!load_value(from, name)) return failure.mismatch("enumerator", from);
        bool found = false;
        boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto described) {
            if (found || name != described.name) return;
            to = described.value;
            found = true;
        });
        return found || failure.mismatch("enumerator", "another string");
    } else {
        std::underlying_type_t<T> number{};
        if (!read(from, number, failure)) return false;
        to = static_cast<T>(number);
        return true;
    }
}

template <class T>
bool read_sequence(element const& from, T& to, read_failure& failure) {
    array_view elements;
    if (!load_value(from, elements)) return failure.mismatch("array", from);
    if constexpr (requires { contained<T>::fixed_size; }) {
        auto next = elements.begin();
        for (auto& value : to) {
            if (next == elements.end()) return failure.mismatch("array of fixed size", "shorter array");
            if (!read(*next, value, failure)) return failure.within(next->key());
            ++next;
        }
        return next == elements.end() || failure.mismatch("array of fixed size", "longer array");
    } else {
        to.clear();
        for (auto const& e : elements) {
            // Not in place: the elements of std::vector<bool> have no address.
            typename contained<T>::type value{};
            if (!read(e, value, failure)) return failure.within(e.key());
            to.push_back(std::move(value));
        }
        return true;
    }
}

template <class T>
bool read_mapping(view from, T& to, read_failure& failure) {
    to.clear();
    for (auto const& e : from)
        if (!read(e, to[std::string(e.key())], failure)) return failure.within(e.key());
    return true;
}

template <class T>
bool read_members(view from, T& to, read_failure& failure) {
    field_cursor fields(from);
    bool good = true;
    boost::mp11::mp_for_each<described_members<T>>([&](auto described) {
        if (!good) return;
        auto& member = to.*described.pointer;
        using member_type = std::remove_reference_t<decltype(member)>;
        static_assert(readable<member_type>,
                      "a member of this struct cannot be read from a document; see view::try_get");
        if (auto const field = fields.find(described.name))
            good = read(*field, member, failure) || failure.within(described.name);
        else if constexpr (kind_of<member_type>() == kind::optional)
            member.reset();
        else
            good = failure.missing(described.name);
    });
    return good;
}

// A whole document.
template <class T>
bool read_document(view from, T& to, read_failure& failure) {
    if constexpr (kind_of<T>() == kind::mapping)
        return read_mapping(from, to, failure);
    else
        return read_members(from, to, failure);
}

template <class T>
bool read(element const& from, T& to, read_failure& failure) {
    constexpr auto k = kind_of<T>();
    if constexpr (k == kind::codec) {
        return codec<T>::decode(from, to) || failure.mismatch(name_of<T>(), from);
    } else if constexpr (k == kind::scalar) {
        return load_value(from, to) || failure.mismatch(name_of<T>(), from);
    } else if constexpr (k == kind::integer || k == kind::real) {
        return read_number(from, to) || failure.mismatch(name_of<T>(), from);
    } else if constexpr (k == kind::enumeration) {
        return read_enum(from, to, failure);
    } else if constexpr (k == kind::optional) {
        if (is_null(from)) return to.reset(), true;
        return read(from, to.emplace(), failure);
    } else if constexpr (k == kind::sequence) {
        return read_sequence(from, to, failure);
    } else if constexpr (k == kind::structure || k == kind::mapping) {
        view inner;
        return load_value(from, inner) ? read_document(inner, to, failure) : failure.mismatch("document", from);
    } else {
        return false; // does not compile: check_readable says why
    }
}

template <class T>
constexpr void check_readable() {
    static_assert(std::is_same_v<T, std::remove_cvref_t<T>>, "ask for a plain type, without const and reference");
    static_assert(readable<T>,
                  "no value of a document can be read as this type: use bool, an integer, float, double, std::string, "
                  "std::string_view, a type of coda/mongo/bson/types.hpp, view or document, an enum, std::optional, "
                  "std::vector, std::array or std::map<std::string, T> of these, a struct described to Boost.Describe, "
                  "or specialize coda::bson::codec for it");
}

} // namespace coda::bson::detail

namespace coda::bson {

template <class T>
result<T> element::try_get() const {
    detail::check_readable<T>();
    result<T> value{T{}};
    detail::read_failure failure;
    if (!detail::read(*this, *value, failure)) {
        failure.within(key_);
        value = failure.take();
    }
    return value;
}

template <class T>
result<T> view::try_get(std::string_view path) const {
    detail::check_readable<T>();
    result<T> value{T{}};
    detail::read_failure failure;
    if (auto const found = find(path)) {
        if (detail::read(*found, *value, failure)) return value;
        failure.within(path);
    } else {
        if constexpr (detail::kind_of<T>() == detail::kind::optional) return value;
        failure.missing(path);
    }
    value = failure.take();
    return value;
}

} // namespace coda::bson
