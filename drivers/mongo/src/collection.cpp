// SPDX-License-Identifier: BSL-1.0
#include <coda/mongo/collection.hpp>
#include <coda/mongo/error.hpp>

namespace coda::mongo {

namespace {

// MongoDB's limits for one message (reply to "hello": maxBsonObjectSize, maxWriteBatchSize).
constexpr std::size_t most_bytes = std::size_t{16} * 1024 * 1024;
constexpr std::size_t most_documents = 100'000;

using document_list = std::vector<bson::document>;

result<detail::command> command_of(std::string const& database, bson::builder& body, detail::command_kind kind,
                                   detail::time_limit limit = detail::time_limit::sent) {
    auto made = body.finish();
    if (made.has_error()) return made.error();
    return detail::command(database, std::move(*made), kind, limit);
}

std::int64_t number_in(bson::view reply, char const* name) {
    auto const n = reply.try_get<std::int64_t>(name);
    return n.has_value() ? *n : 0;
}

// The documents of one insert command: from `begin` on, as many as fit.
std::size_t end_of_message(document_list const& all, std::size_t begin) {
    std::size_t bytes = 0;
    std::size_t end = begin;
    while (end < all.size() && end - begin < most_documents) {
        bytes += all[end].size() + 8; // its place in the array is its key
        if (bytes > most_bytes && end > begin) break;
        ++end;
    }
    return end;
}

error at_place(error const& e, std::size_t offset) {
    auto const* const known = e.details<server_error>();
    if (known == nullptr || !known->index || offset == 0) return e;
    auto moved = std::make_shared<server_error>(*known);
    *moved->index += static_cast<std::int32_t>(offset);
    return {e.code(), e.outcome(), std::move(moved)};
}

// Of a later command: what was stored before it stands, so that the whole must not be taken for not sent, or for what
// may simply be tried again.
error behind_others(error const& e, std::size_t offset) {
    auto const at = at_place(e, offset);
    bool const final = e.outcome() == outcome::completed && e.kind() == error_class::permanent;
    return offset == 0 || final ? at : at.with_outcome(outcome::unknown);
}

operation<std::int64_t> insert_in_turn(std::shared_ptr<detail::client_state> state, std::string database,
                                       std::string name, result<document_list> all, insert_options options) {
    if (all.has_error()) co_return all.error();
    std::int64_t stored = 0;
    for (std::size_t begin = 0; begin < all->size();) {
        auto const end = end_of_message(*all, begin);
        bson::builder body;
        body.append("insert", name).append("ordered", options.ordered);
        body.array("documents", [&](bson::array_builder& array) {
            for (std::size_t i = begin; i < end; ++i) array.append((*all)[i]);
        });
        auto command = command_of(database, body, detail::command_kind::write);
        auto const reply = co_await as_result(detail::run(state, std::move(command)));
        if (reply.has_error()) co_return behind_others(reply.error(), begin);
        stored += number_in(*reply, "n");
        begin = end;
    }
    co_return stored;
}

operation<update_result> read_update(operation<bson::document> command) {
    auto const reply = co_await as_result(std::move(command));
    if (reply.has_error()) co_return reply.error();
    update_result r;
    r.inserted = reply->contains("upserted");
    r.matched = number_in(*reply, "n") - (r.inserted ? 1 : 0);
    r.modified = number_in(*reply, "nModified");
    co_return r;
}

operation<bool> read_delete(operation<bson::document> command) {
    auto const reply = co_await as_result(std::move(command));
    if (reply.has_error()) co_return reply.error();
    co_return number_in(*reply, "n") > 0;
}

operation<std::int64_t> read_count(operation<bson::document> command) {
    auto const reply = co_await as_result(std::move(command));
    if (reply.has_error()) co_return reply.error();
    for (auto const& group : detail::batch_of(*reply)) {
        auto const n = group.try_get<bson::view>();
        if (n.has_error()) co_return n.error();
        co_return n->try_get<std::int64_t>("n");
    }
    co_return std::int64_t{0}; // nothing was found, so there was nothing to count
}

bool has_operators(bson::view update) {
    auto const first = update.begin();
    return first != update.end() && (*first).key().starts_with('$');
}

result<detail::command> invalid(char const* what) { return error(make_error_code(coda::errc::invalid_argument), what); }

void require_positive(char const* option, std::int64_t value) {
    if (value >= 1) return;
    throw exception(error(make_error_code(coda::errc::invalid_argument),
                          std::string(option) + " must be 1 or more, not " + std::to_string(value)));
}

} // namespace

find_options&& find_options::sort(bson::document by_fields) {
    sort_ = std::move(by_fields);
    return std::move(*this);
}

find_options&& find_options::projection(bson::document fields) {
    projection_ = std::move(fields);
    return std::move(*this);
}

find_options&& find_options::limit(std::int64_t documents) {
    require_positive("limit", documents);
    limit_ = documents;
    return std::move(*this);
}

find_options&& find_options::skip(std::int64_t documents) {
    require_positive("skip", documents);
    skip_ = documents;
    return std::move(*this);
}

find_options&& find_options::batch_size(std::int32_t documents) {
    require_positive("batch_size", documents);
    batch_size_ = documents;
    return std::move(*this);
}

find_options&& find_options::comment(std::string text) {
    comment_ = std::move(text);
    return std::move(*this);
}

result<bson::document> collection::with_id(bson::view d) {
    if (d.field("_id")) return bson::document(d);
    bson::builder b(d.size() + 17);
    b.append("_id", bson::object_id::generate());
    for (auto const& field : d) b.append(field.key(), field);
    return b.finish();
}

result<detail::command> collection::find_command(bson::view filter, find_options const& options,
                                                 bool single_batch) const {
    bson::builder body;
    body.append("find", name_).append("filter", filter);
    if (options.sort_) body.append("sort", *options.sort_);
    if (options.projection_) body.append("projection", *options.projection_);
    if (options.limit_ > 0) body.append("limit", options.limit_);
    if (options.skip_ > 0) body.append("skip", options.skip_);
    if (options.batch_size_ > 0) body.append("batchSize", options.batch_size_);
    if (!options.comment_.empty()) body.append("comment", options.comment_);
    if (single_batch) body.append("singleBatch", true);
    auto const limit = single_batch ? detail::time_limit::sent : detail::time_limit::ours_only;
    return command_of(database_, body, detail::command_kind::read, limit);
}

result<detail::command> collection::update_command(bson::view filter, bson::view update, update_options options) const {
    bson::builder body;
    body.append("update", name_);
    body.array("updates", [&](bson::array_builder& all) {
        all.document([&](bson::builder& one) {
            one.append("q", filter).append("u", update);
            if (options.upsert) one.append("upsert", true);
        });
    });
    return command_of(database_, body, detail::command_kind::write);
}

operation<> collection::without_count(operation<std::int64_t> inserted) {
    auto const stored = co_await as_result(std::move(inserted));
    if (stored.has_error()) co_return stored.error();
    co_return result<>();
}

operation<std::int64_t> collection::insert_all(result<document_list> all, insert_options options) {
    return insert_in_turn(state_, database_, name_, std::move(all), options);
}

operation<update_result> collection::update_one(bson::document filter, bson::document update, update_options options) {
    auto command =
        has_operators(update)
            ? update_command(filter, update, options)
            : invalid("update_one needs update operators ($set ...); replace_one puts a whole document there");
    return read_update(detail::run(state_, std::move(command)));
}

operation<update_result> collection::replace_one(bson::document filter, bson::document whole, update_options options) {
    auto command = has_operators(whole) ? invalid("replace_one takes a document without update operators ($set ...)")
                                        : update_command(filter, whole, options);
    return read_update(detail::run(state_, std::move(command)));
}

operation<bool> collection::delete_one(bson::document filter) {
    bson::builder body;
    body.append("delete", name_);
    body.array("deletes", [&](bson::array_builder& all) {
        all.document([&](bson::builder& one) { one.append("q", filter).append("limit", 1); });
    });
    return read_delete(detail::run(state_, command_of(database_, body, detail::command_kind::write)));
}

operation<std::int64_t> collection::count(bson::document filter) {
    bson::builder body;
    body.append("aggregate", name_);
    body.array("pipeline", [&](bson::array_builder& stages) {
        stages.append(bson::doc("$match", filter));
        stages.append(bson::doc("$group", bson::doc("_id", 1, "n", bson::doc("$sum", 1))));
    });
    body.append("cursor", bson::document());
    return read_count(detail::run(state_, command_of(database_, body, detail::command_kind::read)));
}

} // namespace coda::mongo
