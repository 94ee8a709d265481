// SPDX-License-Identifier: BSL-1.0
#include "workloads/mongo/commands.hpp"

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace coda::bench::mongo {
namespace {

void append_find(bson_t& to, asked q) {
    bson_t filter;
    BSON_APPEND_UTF8(&to, "find", collection_of(q.what));
    BSON_APPEND_DOCUMENT_BEGIN(&to, "filter", &filter);
    BSON_APPEND_INT64(&filter, "_id", q.key);
    bson_append_document_end(&to, &filter);
    BSON_APPEND_INT32(&to, "limit", 1);
    BSON_APPEND_BOOL(&to, "singleBatch", true);
}

void append_update(bson_t& to, asked q) {
    bson_t updates;
    bson_t update;
    bson_t part;
    bson_t fields;
    BSON_APPEND_UTF8(&to, "update", collection_of(q.what));
    BSON_APPEND_ARRAY_BEGIN(&to, "updates", &updates);
    BSON_APPEND_DOCUMENT_BEGIN(&updates, "0", &update);
    BSON_APPEND_DOCUMENT_BEGIN(&update, "q", &part);
    BSON_APPEND_INT64(&part, "_id", q.key);
    bson_append_document_end(&update, &part);
    BSON_APPEND_DOCUMENT_BEGIN(&update, "u", &part);
    BSON_APPEND_DOCUMENT_BEGIN(&part, "$inc", &fields);
    BSON_APPEND_INT64(&fields, "cents", credit_cents);
    bson_append_document_end(&part, &fields);
    bson_append_document_end(&update, &part);
    bson_append_document_end(&updates, &update);
    bson_append_array_end(&to, &updates);
}

// Why a command was refused; nullptr if it was not.
char const* refusal(bson_t const& reply) noexcept {
    bson_iter_t i;
    if (bson_iter_init_find(&i, &reply, "ok") && bson_iter_as_bool(&i)) return nullptr;
    return bson_iter_init_find(&i, &reply, "errmsg") && BSON_ITER_HOLDS_UTF8(&i) ? bson_iter_utf8(&i, nullptr)
                                                                                 : "the reply is not ok";
}

} // namespace

char const* collection_of(query q) noexcept {
    switch (q) {
    case query::account:
    case query::credit: return "accounts";
    case query::session: return "sessions";
    case query::settings: return "settings";
    case query::order: return "latest_orders"; // one document a customer, as one would model it
    case query::item: return "items";
    }
    return nullptr;
}

char const* next_field_of(query q) noexcept {
    switch (q) {
    case query::account: return "customer";
    case query::order: return "item";
    default: return nullptr;
    }
}

void append_document(bson_t& to, query q, std::int64_t key) {
    BSON_APPEND_INT64(&to, "_id", key);
    switch (q) {
    case query::account:
    case query::credit:
        BSON_APPEND_INT64(&to, "customer", customer_of(key));
        BSON_APPEND_INT64(&to, "cents", 0);
        BSON_APPEND_UTF8(&to, "owner", fmt::format("owner {}", key).c_str());
        break;
    case query::session:
        BSON_APPEND_INT64(&to, "seen", 1'700'000'000 + key);
        BSON_APPEND_UTF8(&to, "token", fmt::format("{:032x}", key * 7919).c_str());
        break;
    case query::settings:
        BSON_APPEND_INT64(&to, "version", 1);
        BSON_APPEND_UTF8(&to, "theme", fmt::format("theme {}", key % 7).c_str());
        break;
    case query::order:
        BSON_APPEND_INT64(&to, "item", item_of(latest_order_of(key)));
        BSON_APPEND_INT64(&to, "order", latest_order_of(key));
        break;
    case query::item:
        BSON_APPEND_INT64(&to, "cents", key * 100);
        BSON_APPEND_UTF8(&to, "title", fmt::format("item number {}", key).c_str());
        break;
    }
}

void append_command(bson_t& to, asked q) {
    if (q.what == query::credit)
        append_update(to, q);
    else
        append_find(to, q);
}

char const* fault_in(bson_t const& reply, asked q, std::int64_t& next) noexcept {
    if (auto const* why = refusal(reply)) return why;
    bson_iter_t top;
    bson_iter_t i;
    if (q.what == query::credit)
        return bson_iter_init_find(&top, &reply, "n") && bson_iter_as_int64(&top) == 1
                   ? nullptr
                   : "the update did not change one document";
    if (!bson_iter_init(&top, &reply) || !bson_iter_find_descendant(&top, "cursor.firstBatch.0", &i) ||
        !bson_iter_recurse(&i, &top))
        return "the read did not return one document";
    bool is_ours = false;
    bool leads_on = false;
    auto const* field = next_field_of(q.what);
    while (bson_iter_next(&top)) {
        std::string_view const name = bson_iter_key(&top);
        if (name == "_id") is_ours = bson_iter_as_int64(&top) == q.key;
        if (!field || name != field) continue;
        next = bson_iter_as_int64(&top);
        leads_on = true;
    }
    if (!is_ours) return "the document is another caller's";
    return leads_on || !field ? nullptr : "the document leads nowhere";
}

} // namespace coda::bench::mongo
