// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/mongo/bson/builder.hpp>
#include <coda/mongo/bson/view.hpp>

/// Structs as documents, both ways, by Boost.Describe:
///
///     struct account { bson::object_id _id; std::string owner; std::int64_t cents; };
///     BOOST_DESCRIBE_STRUCT(account, (), (_id, owner, cents))
///
///     auto d = bson::to_document(account{...});
///     auto a = bson::from<account>(d);
///
/// A member is the field of its name, also `_id`; inherited members count. Fields that no member has are ignored, a
/// field that is missing is an error unless its member is an std::optional. An empty std::optional is left out of the
/// document.
namespace coda::bson {

/// The document of a struct or of a std::map from std::string. Errors: those of builder::append.
template <class T>
result<document> try_to_document(T const& value) {
    builder b;
    b.append_members(value);
    return b.finish();
}
/// The same; throws coda::exception for an error.
template <class T>
document to_document(T const& value) {
    return try_to_document(value).value();
}

/// A document as a struct, a std::map from std::string, a `document` (a copy) or a `view` (the same). Errors: those of
/// view::try_get, with the path of the field.
template <class T>
result<T> try_from(view from) {
    constexpr auto k = detail::kind_of<T>();
    if constexpr (std::is_same_v<T, view>) {
        return from;
    } else if constexpr (std::is_same_v<T, document>) {
        return document(from);
    } else {
        static_assert(k == detail::kind::structure || k == detail::kind::mapping,
                      "a document is read as a struct described to Boost.Describe (BOOST_DESCRIBE_STRUCT), a "
                      "std::map<std::string, T>, a document or a view");
        result<T> value{T{}};
        detail::read_failure failure;
        if (!detail::read_document(from, *value, failure)) value = failure.take();
        return value;
    }
}
/// The same; throws coda::exception for an error.
template <class T>
T from(view from) {
    return try_from<T>(from).value();
}

} // namespace coda::bson
