// SPDX-License-Identifier: BSL-1.0
#include "workloads/mongo/server.hpp"

#include "workloads/mongo/commands.hpp"
#include "workloads/uri.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <string_view>

namespace coda::bench::mongo {
namespace {

constexpr std::string_view variables[] = {"CODA_TEST_MONGO_URI"};

constexpr std::int64_t version = 1; // data of another version is loaded anew

// A document on the way; `destroy` of a reply that was never filled in is harmless.
struct document {
    bson_t bson = BSON_INITIALIZER;
    document() = default;
    document(document const&) = delete;
    document& operator=(document const&) = delete;
    ~document() { bson_destroy(&bson); }
};

void run(mongoc_client_t* c, bson_t const& command, bson_t& reply) {
    bson_error_t e;
    bson_destroy(&reply); // it will be initialised
    if (!mongoc_client_write_command_with_opts(c, database_name, &command, nullptr, &reply, &e))
        throw std::runtime_error(e.message);
    bson_iter_t i;
    if (bson_iter_init_find(&i, &reply, "writeErrors")) throw std::runtime_error("the server refused a document");
}

std::int64_t version_found(mongoc_client_t* c) {
    document command;
    document reply;
    append_command(command.bson, {query::item, 0});
    run(c, command.bson, reply.bson);
    bson_iter_t top;
    bson_iter_t i;
    return bson_iter_init(&top, &reply.bson) && bson_iter_find_descendant(&top, "cursor.firstBatch.0.version", &i)
               ? bson_iter_as_int64(&i)
               : 0;
}

template <class Append>
void insert(mongoc_client_t* c, query q, std::int64_t first, std::int64_t last, Append append) {
    document command;
    document reply;
    bson_t documents;
    bson_t one;
    BSON_APPEND_UTF8(&command.bson, "insert", collection_of(q));
    BSON_APPEND_ARRAY_BEGIN(&command.bson, "documents", &documents);
    for (auto key = first; key <= last; ++key) {
        BSON_APPEND_DOCUMENT_BEGIN(&documents, fmt::format("{}", key - first).c_str(), &one);
        append(one, key);
        bson_append_document_end(&documents, &one);
    }
    bson_append_array_end(&command.bson, &documents);
    run(c, command.bson, reply.bson);
}

void load(mongoc_client_t* c, query q, std::int64_t count) {
    constexpr std::int64_t batch = 1000;
    for (std::int64_t first = 1; first <= count; first += batch)
        insert(c, q, first, std::min(first + batch - 1, count),
               [q](bson_t& one, std::int64_t key) { append_document(one, q, key); });
}

void load_all(mongoc_client_t* c) {
    document command;
    document reply;
    BSON_APPEND_INT32(&command.bson, "dropDatabase", 1);
    run(c, command.bson, reply.bson);
    load(c, query::account, account_count);
    for (auto const q : {query::session, query::settings, query::order}) load(c, q, customer_count);
    load(c, query::item, item_count);
    // Last, so that data which was loaded in part is not taken for whole.
    insert(c, query::item, 0, 0, [](bson_t& one, std::int64_t key) {
        BSON_APPEND_INT64(&one, "_id", key);
        BSON_APPEND_INT64(&one, "version", version);
    });
}

std::string build_version(mongoc_client_t* c) {
    document command;
    document reply;
    BSON_APPEND_INT32(&command.bson, "buildInfo", 1);
    run(c, command.bson, reply.bson);
    bson_iter_t i;
    return bson_iter_init_find(&i, &reply.bson, "version") && BSON_ITER_HOLDS_UTF8(&i) ? bson_iter_utf8(&i, nullptr)
                                                                                       : "?";
}

// Only mongod tells its storage engine: others that speak the protocol must not pass for it.
std::string kind_of(mongoc_client_t* c) {
    document command;
    document reply;
    bson_error_t e;
    BSON_APPEND_INT32(&command.bson, "serverStatus", 1);
    bson_destroy(&reply.bson);
    bson_iter_t i;
    bool const is_mongod =
        mongoc_client_read_command_with_opts(c, "admin", &command.bson, nullptr, nullptr, &reply.bson, &e) &&
        bson_iter_init_find(&i, &reply.bson, "storageEngine");
    return is_mongod ? "MongoDB" : "A server that speaks MongoDB's protocol (not mongod), version";
}

std::string prepare(std::string const& uri) {
    initialise();
    client_ptr const c(mongoc_client_new_from_uri(parse_uri(uri).get()));
    if (!c) throw std::runtime_error("the client could not be made");
    if (version_found(c.get()) != version) load_all(c.get());
    return fmt::format("{} {}", kind_of(c.get()), build_version(c.get()));
}

std::string where(std::string const& uri) {
    initialise();
    auto const parsed = parse_uri(uri);
    auto const* host = mongoc_uri_get_hosts(parsed.get());
    if (!host) throw std::runtime_error("the URI names no host");
    return host->host_and_port;
}

// Straight to the proxy: a replica set would tell the members' own addresses.
std::string through_proxy(std::string const& uri, std::uint16_t port) {
    auto out = with_local_port(uri, port);
    auto const rest = split_uri(out).rest;
    if (rest.find("directConnection=") != rest.npos) return out;
    if (rest.empty()) return out + "/?directConnection=true";
    return out + (rest.find('?') == rest.npos ? "?" : "&") + "directConnection=true";
}

std::string library() { return fmt::format("libmongoc {}", mongoc_get_version()); }

bool speaks(std::string_view uri) { return uri.starts_with("mongodb://") || uri.starts_with("mongodb+srv://"); }

} // namespace

void initialise() {
    mongoc_init(); // again and again is allowed
    mongoc_log_set_handler(nullptr, nullptr);
}

uri_ptr parse_uri(std::string const& uri) {
    bson_error_t e;
    uri_ptr parsed(mongoc_uri_new_with_error(uri.c_str(), &e));
    // libmongoc's own words may quote a part of the URI.
    if (!parsed) throw std::runtime_error("the URI is malformed");
    return parsed;
}

server const database{
    .name = "mongo",
    .title = "MongoDB",
    .variables = variables,
    .speaks = speaks,
    .prepare = prepare,
    .address = where,
    .through_proxy = through_proxy,
    .library = library,
};

} // namespace coda::bench::mongo
