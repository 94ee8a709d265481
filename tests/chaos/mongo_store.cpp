// SPDX-License-Identifier: BSL-1.0
#include "sharded_pools.hpp"
#include "support/mongo_server.hpp"

#include <coda/mongo.hpp>

namespace coda::chaos {

namespace {

using bson::doc;
using mongo::collection;

constexpr std::int32_t things = 200;
constexpr std::int32_t groups = 10;
std::string const slow_name(17, 'a');

std::string thing(std::int32_t id) { return fmt::format("thing {}", id); }

// Matches in the end, after twice as many steps for each letter more.
constexpr char const* laborious = "^(a+)+b|a$";

// Has the server put the text into what it finds.
mongo::find_options with_text(std::string_view text) {
    return mongo::find_options().projection(doc("name", 1, "group", 1, "text", doc("$literal", text)));
}

operation<std::string> found(operation<std::optional<bson::document>> find, std::string name) {
    auto const r = co_await as_result(std::move(find));
    if (r.has_error()) co_return r.error();
    if (!*r) co_return name + " is not there";
    if (auto its = (*r)->get<std::string>("name"); its != name) co_return std::move(its);
    co_return (*r)->get<std::string>("text");
}

// A stream over several round trips.
operation<std::string> all_of_group(stream<bson::document> all, std::int32_t group, std::string text) {
    int n = 0;
    while (true) {
        auto const next = co_await as_result(all.next());
        if (next.has_error()) co_return next.error();
        if (!*next) break;
        auto const its = (*next)->get<std::int32_t>("group");
        if (its != group) co_return fmt::format("of group {} instead of {}", its, group);
        if (auto other = (*next)->get<std::string>("text"); other != text) co_return std::move(other);
        ++n;
    }
    if (n != things / groups) co_return fmt::format("{} things in group {}", n, group);
    co_return std::move(text);
}

// An insert says no more than that it was done; an upsert gives the id of what it has made.
bson::document count_by_update(std::string const& in, std::int64_t number, std::string_view text) {
    std::vector<bson::document> updates;
    updates.push_back(
        doc("q", doc("_id", text), "u", doc("$inc", doc("n", 1), "$set", doc("number", number)), "upsert", true));
    return doc("update", in, "updates", updates);
}
operation<std::string> upserted(operation<bson::document> update) {
    auto const r = co_await as_result(std::move(update));
    if (r.has_error()) co_return r.error();
    auto id = r->try_get<std::string>("upserted.0._id");
    if (id.has_error()) co_return "counted before";
    co_return std::move(*id);
}

bson::document count_by_find_and_modify(std::string const& in, std::int64_t number, std::string_view text) {
    return doc("findAndModify", in, "query", doc("_id", number), "update",
               doc("$inc", doc("n", 1), "$set", doc("text", text)), "upsert", true, "new", true);
}
operation<std::string> modified(operation<bson::document> modify) {
    auto const r = co_await as_result(std::move(modify));
    if (r.has_error()) co_return r.error();
    auto const n = r->try_get<std::int32_t>("value.n");
    if (n.has_error()) co_return "nothing was found or made";
    if (*n != 1) co_return fmt::format("counted {} times", *n);
    co_return r->get<std::string>("value.text");
}

mongo::connection_options connection_bounds() {
    return {.connect_timeout = bounds::connect, .operation_timeout = bounds::request};
}

class mongo_subject final : public subject {
public:
    mongo_subject(loop& l, std::string uri, std::string place, pool_options const& pool)
        : max_size_(pool.max_size),
          place_(std::move(place)),
          client_(l, std::move(uri), client_bounds(pool)),
          things_(client_.collection(test::mongo_server::database, place_ + "_things")) {}

    // Every operation has a connection of the pool for itself; there are no transactions.
    operation<std::string> ask(request what, std::string text, std::uint64_t number) override {
        auto const value = static_cast<std::int64_t>(number);
        auto const id = static_cast<std::int32_t>(number % things);
        switch (what) {
        case request::slow_read:
        case request::leased_read: {
            auto options = with_text(text);
            if (number % 8 == 0)
                return found(things_.find_one(doc("_id", "slow", "name", doc("$regex", laborious)), std::move(options)),
                             slow_name);
            auto const group = id % groups;
            return all_of_group(things_.find(doc("group", group), options.batch_size(8)), group, std::move(text));
        }
        case request::write: return upserted(command(count_by_update(place_, value, text)));
        case request::transaction: return modified(command(count_by_find_and_modify(place_ + "_counted", value, text)));
        default: return found(things_.find_one(doc("_id", id), with_text(text)), thing(id));
        }
    }

    operation<> take_all() override {
        auto const body = [this](scope& s) -> task<> {
            auto const ping = [this] { return client_.ping(); };
            for (std::size_t i = 0; i < max_size_; ++i) s.spawn(patiently(ping));
            co_return;
        };
        co_return co_await as_result(with_scope(body));
    }

    operation<> close() override { return client_.close(); }
    bool clear(bool) override { return false; }
    pool_statistics statistics() const override { return client_.statistics(); }
    std::optional<pool_statistics> shared_statistics() const override { return std::nullopt; }
    duration bound(request what) const override {
        bool const streams = what == request::slow_read || what == request::leased_read;
        return bounds::acquire + bounds::request * (streams ? 4 : 1);
    }

private:
    static mongo::client_options client_bounds(pool_options const& pool) {
        return {.pool = pool, .connection = connection_bounds()};
    }
    operation<bson::document> command(bson::document what) {
        return client_.command(test::mongo_server::database, std::move(what));
    }

    std::size_t max_size_;
    std::string place_;
    mongo::client client_;
    collection things_;
};

template <class Acquire>
operation<bson::document> on_lease(Acquire acquired, bson::document what) {
    auto const taken = co_await as_result(std::move(acquired));
    if (taken.has_error()) co_return taken.error();
    mongo::connection& db = **taken;
    auto reply = co_await as_result(db.command(test::mongo_server::database, std::move(what)));
    co_return std::move(reply);
}

operation<std::string> first_text(operation<bson::document> find) {
    auto const r = co_await as_result(std::move(find));
    if (r.has_error()) co_return r.error();
    auto text = r->try_get<std::string>("cursor.firstBatch.0.text");
    if (text.has_error()) co_return "nothing was found";
    co_return std::move(*text);
}

class sharded_mongo final : public sharded_pools<mongo::connection> {
public:
    sharded_mongo(loop_group& g, pool_options const& o, std::string const& uri, std::string place, objector object)
        : sharded_pools(g, o, maker(uri), std::move(object)), place_(std::move(place)) {}

    operation<std::string> ask(request what, std::string text, std::uint64_t number) override {
        if (what == request::transaction)
            return modified(on_lease(
                acquire(), count_by_find_and_modify(place_ + "_counted", static_cast<std::int64_t>(number), text)));
        auto const id = static_cast<std::int32_t>(number % things);
        auto find = doc("find", place_ + "_things", "filter", doc("_id", id), "projection",
                        doc("text", doc("$literal", text)), "limit", 1, "singleBatch", true);
        return first_text(on_lease(acquire(), std::move(find)));
    }
    duration bound(request) const override { return bounds::acquire + bounds::request; }

private:
    static factory maker(std::string const& uri) {
        return [uri](loop& l, std::atomic<std::size_t>& live) {
            return std::make_unique<connection>(live, l, uri, connection_bounds());
        };
    }

    std::string place_;
};

class the_mongo_store final : public store {
public:
    std::string_view name() const override { return "mongo"; }
    test::endpoint where() const override { return test::mongo_server().where(); }

    void prepare(std::string const& place) override {
        test::mongo_server server;
        std::vector<bson::document> all;
        for (std::int32_t id = 0; id < things; ++id)
            all.push_back(doc("_id", id, "name", thing(id), "group", id % groups));
        all.push_back(doc("_id", "slow", "name", slow_name, "group", -1));
        static_cast<void>(server.run(doc("insert", place + "_things", "documents", all)));
    }
    std::map<std::uint64_t, long> written(std::string const& place) override {
        test::mongo_server server;
        std::map<std::uint64_t, long> counts;
        // A stand-in for MongoDB that is killed may leave half of an upsert: it was not counted then.
        auto const count = [&](bson::view d, char const* key) {
            auto const number = d.try_get<std::int64_t>(key);
            auto const n = d.try_get<std::int32_t>("n");
            if (number.has_value() && n.has_value()) counts[static_cast<std::uint64_t>(*number)] += *n;
        };
        read(server, place, [&](bson::view d) { count(d, "number"); });
        read(server, place + "_counted", [&](bson::view d) { count(d, "_id"); });
        return counts;
    }
    void remove(std::string const& place) override {
        test::mongo_server server;
        for (auto const* which : {"", "_things", "_counted"}) {
            try {
                static_cast<void>(server.run(doc("drop", place + which)));
            } catch (std::runtime_error const&) {} // nothing was written
        }
    }
    bool end_sessions() override { return false; }
    std::unique_ptr<subject> open(loop& l, test::endpoint const& through, std::string const& place,
                                  pool_options const& pool, pool_listener&, bool) override {
        return std::make_unique<mongo_subject>(l, uri_at(through), place, pool);
    }
    std::unique_ptr<sharded_subject> open_sharded(loop_group& g, test::endpoint const& through,
                                                  std::string const& place, pool_options const& pool,
                                                  objector object) override {
        return std::make_unique<sharded_mongo>(g, pool, uri_at(through), place, std::move(object));
    }

private:
    static std::string uri_at(test::endpoint const& e) { return fmt::format("mongodb://127.0.0.1:{}", e.port); }

    template <class Use>
    static void read(test::mongo_server& server, std::string const& from, Use use) {
        auto reply = server.run(doc("find", from, "batchSize", 10'000));
        while (true) {
            for (auto const& element : mongo::detail::batch_of(reply)) use(element.get<bson::view>());
            auto const id = reply.get<std::int64_t>("cursor.id");
            if (id == 0) return;
            reply = server.run(doc("getMore", id, "collection", from, "batchSize", 10'000));
        }
    }
};

} // namespace

std::unique_ptr<store> mongo_store() { return std::make_unique<the_mongo_store>(); }

} // namespace coda::chaos
