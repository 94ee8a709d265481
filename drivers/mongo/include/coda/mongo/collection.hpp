// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/mongo/bson.hpp>
#include <coda/mongo/detail/run.hpp>

#include <concepts>
#include <optional>
#include <ranges>

/// Documents of one collection: writing, finding, counting.
///
///     auto a = co_await accounts.find_by_id<account>(7);                     // std::optional<account>
///     auto rich = accounts.find<account>(bson::doc("cents", bson::doc("$gt", 100'000)));
///     while (auto next = co_await rich.next()) use(*next);
namespace coda::mongo {

/// What can be stored: a document, or a struct described to Boost.Describe.
template <class T>
concept storable =
    std::convertible_to<T const&, bson::view> || bson::detail::kind_of<T>() == bson::detail::kind::structure;

namespace detail {

// g++ 12 destroys an aggregate twice that is written inside an await.
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
template <class D>
inline constexpr bool safe_to_write_here =
    std::is_lvalue_reference_v<D> || !std::is_aggregate_v<D> || std::is_trivially_destructible_v<D>;
#else
template <class D>
inline constexpr bool safe_to_write_here = true;
#endif

} // namespace detail

/// How documents are found: `find_options().sort(bson::doc("owner", 1)).limit(10)`. Each setting gives the options
/// themselves, to be moved from.
class find_options {
public:
    find_options() = default;

    /// The order: 1 upwards, -1 downwards, by field.
    find_options&& sort(bson::document by_fields);
    /// Which fields to give.
    find_options&& projection(bson::document fields);
    /// At most so many, 1 or more; without it all.
    find_options&& limit(std::int64_t documents);
    /// Leaves out so many first.
    find_options&& skip(std::int64_t documents);
    /// How many documents come from the server at once, 1 or more; without it the server chooses.
    find_options&& batch_size(std::int32_t documents);
    /// A text that the server shows with the operation, in its log, its profiler and $currentOp, cursors included.
    find_options&& comment(std::string text);

private:
    friend class collection;
    std::optional<bson::document> sort_;
    std::optional<bson::document> projection_;
    std::int64_t limit_ = 0;
    std::int64_t skip_ = 0;
    std::int32_t batch_size_ = 0;
    std::string comment_;
};

/// What an update did.
struct update_result {
    std::int64_t matched = 0;  ///< documents that the filter found
    std::int64_t modified = 0; ///< of these, those that are different now
    bool inserted = false;     ///< there was none, and one was made (upsert)
};

/// How documents are updated.
struct update_options {
    bool upsert = false; ///< makes a document where none is found
};

/// How several documents are inserted.
struct insert_options {
    bool ordered = true; ///< stops at the first that fails; else the others are tried
};
static_assert(std::is_trivially_copyable_v<update_options> && std::is_trivially_copyable_v<insert_options>);

/// A collection of a client's. Cheap to copy; keeps the client's state, so that its operations end in order
/// (coda::errc::closed) where the client has gone. Operations are as `client` says; what they are given is copied or
/// moved in before they return. A document to be stored that has no "_id" gets an object_id.
///
/// Errors, beside those of `client`: the server's (server_code::duplicate_key ...), completed; reading a document as T,
/// completed: bson::errc::missing_field, coda::errc::type_mismatch; building the command, not_sent: bson::errc.
class collection {
public:
    collection(std::shared_ptr<detail::client_state> state, std::string database, std::string name)
        : state_(std::move(state)), database_(std::move(database)), name_(std::move(name)) {}

    std::string const& database() const noexcept { return database_; }
    std::string const& name() const noexcept { return name_; }

    /// Stores one document.
    template <class D>
        requires storable<std::remove_cvref_t<D>>
    operation<> insert_one(D&& document) {
        static_assert(detail::safe_to_write_here<D>, "g++ 12 destroys such a struct twice: give it a name first");
        return without_count(insert_all(documents_from(std::views::single(std::cref(document))), {}));
    }

    /// Stores all, in commands of up to 16 MiB and 100,000 documents, one after the other. Gives how many were stored.
    /// Where one fails: the error of the first that did, with its place in server_error::index; the commands after its
    /// own are not sent. Each command has operation_timeout.
    template <std::ranges::input_range R>
        requires storable<std::ranges::range_value_t<R>>
    operation<std::int64_t> insert_many(R const& documents, insert_options options = {}) {
        return insert_all(documents_from(documents), options);
    }

    /// The first document that the filter finds, or none.
    template <class T = bson::document>
    operation<std::optional<T>> find_one(bson::document filter, find_options options = {}) {
        return first<T>(detail::run(state_, find_command(filter, options.limit(1), true)));
    }

    /// The document whose "_id" is `id`, or none. `id` is anything that BSON can hold.
    template <class T = bson::document, bson::writable Id>
    operation<std::optional<T>> find_by_id(Id const& id) {
        return first<T>(detail::run(state_, find_command(bson::doc("_id", id), find_options().limit(1), true)));
    }

    /// All documents that the filter finds, as they are read: as T, a document or a described struct, or as bson::view,
    /// which is good until the next call of `next`. Holds a connection while it lasts; each round trip has
    /// operation_timeout. All come from the server that gave the first ones: coda::errc::connection_lost where that has
    /// gone. Ended early or cancelled, the cursor is killed there in the background; one that was cancelled before its
    /// first documents came leaves that to the server, which drops it with its connection or when it was idle for ten
    /// minutes.
    template <class T = bson::document>
    stream<T> find(bson::document filter = {}, find_options options = {}) {
        auto const batch_size = options.batch_size_;
        return documents<T>(detail::batches(state_, find_command(filter, options, false), name_, batch_size));
    }

    /// Changes the first document that the filter finds, by update operators ("$set" ...). Without one it ends with
    /// coda::errc::invalid_argument, not_sent: a document would take the other's place (CRUD specification, "update vs
    /// replace").
    operation<update_result> update_one(bson::document filter, bson::document update, update_options options = {});

    /// Puts `whole` in the place of the first document that the filter finds; that one's _id stays. Must not begin with
    /// an update operator: coda::errc::invalid_argument, not_sent.
    operation<update_result> replace_one(bson::document filter, bson::document whole, update_options options = {});

    /// Removes the first document that the filter finds; gives whether there was one.
    operation<bool> delete_one(bson::document filter);

    /// How many documents the filter finds, counted by looking at them.
    operation<std::int64_t> count(bson::document filter = {});

private:
    template <class R>
    static result<std::vector<bson::document>> documents_from(R const& range) {
        std::vector<bson::document> all;
        for (auto const& item : range) {
            auto made = to_be_stored(unwrapped(item));
            if (made.has_error()) return made.error();
            all.push_back(std::move(*made));
        }
        return all;
    }
    template <class T>
    static T const& unwrapped(T const& item) {
        return item;
    }
    template <class T>
    static T const& unwrapped(std::reference_wrapper<T> const& item) {
        return item;
    }
    template <class D>
    static result<bson::document> to_be_stored(D const& d) {
        if constexpr (std::convertible_to<D const&, bson::view>) {
            return with_id(d);
        } else {
            auto made = bson::try_to_document(d);
            return made.has_error() ? std::move(made) : with_id(*made);
        }
    }
    static result<bson::document> with_id(bson::view d);

    static operation<> without_count(operation<std::int64_t> inserted);
    operation<std::int64_t> insert_all(result<std::vector<bson::document>> documents, insert_options options);
    result<detail::command> find_command(bson::view filter, find_options const& options, bool single_batch) const;

    result<detail::command> update_command(bson::view filter, bson::view update, update_options options) const;

    template <class T>
    static operation<std::optional<T>> first(operation<bson::document> found) {
        static_assert(!std::is_same_v<T, bson::view>, "nothing would keep what the view looks at: use bson::document");
        auto const reply = co_await as_result(std::move(found));
        if (reply.has_error()) co_return reply.error();
        for (auto const& element : detail::batch_of(*reply)) {
            auto value = bson::try_from<T>(element.template get<bson::view>());
            if (value.has_error()) co_return value.error();
            co_return std::optional<T>(std::move(*value));
        }
        co_return std::optional<T>();
    }

    template <class T>
    static stream<T> documents(stream<bson::document> batches) {
        while (true) {
            auto batch = co_await as_result(batches.next());
            if (batch.has_error()) {
                co_yield batch.error();
                co_return;
            }
            if (!*batch) co_return;
            for (auto const& element : detail::batch_of(**batch)) {
                auto value = bson::try_from<T>(element.template get<bson::view>());
                co_yield std::move(value);
            }
        }
    }

    std::shared_ptr<detail::client_state> state_;
    std::string database_;
    std::string name_;
};

} // namespace coda::mongo
