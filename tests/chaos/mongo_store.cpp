// SPDX-License-Identifier: BSL-1.0
#include "store.hpp"
#include "support/mongo_server.hpp"

#include <coda/mongo.hpp>

namespace coda::chaos {

namespace {

using bson::doc;
using mongo::collection;

constexpr std::int32_t things = 200;
constexpr std::int32_t groups = 10;

std::string thing(std::int32_t id) { return fmt::format("thing {}", id); }

operation<std::string> found(operation<std::optional<bson::document>> find, std::int32_t id, std::string text) {
    auto const r = co_await as_result(std::move(find));
    if (r.has_error()) co_return r.error();
    if (!*r) co_return fmt::format("thing {} is not there", id);
    auto name = (*r)->get<std::string>("name");
    if (name != thing(id)) co_return std::move(name);
    co_return std::move(text);
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
        ++n;
    }
    if (n != things / groups) co_return fmt::format("{} things in group {}", n, group);
    co_return std::move(text);
}

operation<std::string> with_text(operation<> done, std::string text) {
    auto const r = co_await as_result(std::move(done));
    if (r.has_error()) co_return r.error();
    co_return std::move(text);
}

operation<std::string> counted(operation<mongo::update_result> update, std::string text) {
    auto const r = co_await as_result(std::move(update));
    if (r.has_error()) co_return r.error();
    if (!r->inserted) co_return "counted before";
    co_return std::move(text);
}

class mongo_subject final : public subject {
public:
    mongo_subject(loop& l, std::string uri, std::string const& place)
        : client_(l, std::move(uri), client_bounds()),
          things_(client_.collection(test::mongo_server::database, place + "_things")),
          written_(client_.collection(test::mongo_server::database, place)),
          counted_(client_.collection(test::mongo_server::database, place + "_counted")) {}

    // Every operation has a connection of the pool for itself; there are no transactions.
    operation<std::string> ask(request what, std::string text, std::uint64_t number) override {
        auto const value = static_cast<std::int64_t>(number);
        auto const id = static_cast<std::int32_t>(number % things);
        switch (what) {
        case request::slow_read:
        case request::leased_read: {
            auto const group = id % groups;
            return all_of_group(things_.find(doc("group", group), mongo::find_options().batch_size(8)), group,
                                std::move(text));
        }
        case request::write: return with_text(written_.insert_one(doc("number", value)), std::move(text));
        case request::transaction: {
            mongo::update_options const options{.upsert = true};
            return counted(counted_.update_one(doc("_id", value), doc("$inc", doc("n", 1)), options), std::move(text));
        }
        default: return found(things_.find_by_id(id), id, std::move(text));
        }
    }

    operation<> take_all() override {
        auto const body = [this](scope& s) -> task<> {
            for (std::size_t i = 0; i < max_size(); ++i) s.spawn(client_.ping());
            co_return;
        };
        co_return co_await as_result(with_scope(body));
    }

    operation<> close() override { return client_.close(); }
    void clear(bool) override {}
    pool_statistics statistics() const override { return client_.statistics(); }
    std::size_t max_size() const override { return client_bounds().pool.max_size; }
    duration bound(request what) const override {
        bool const streams = what == request::slow_read || what == request::leased_read;
        return bounds::acquire + bounds::request * (streams ? 4 : 1);
    }

private:
    static mongo::client_options client_bounds() {
        return {.pool = {.max_size = 6,
                         .acquire_timeout = bounds::acquire,
                         .connect_timeout = bounds::connect,
                         .validate_timeout = bounds::validate,
                         .reset_timeout = bounds::reset,
                         .close_timeout = bounds::close},
                .connection = {.connect_timeout = bounds::connect, .operation_timeout = bounds::request}};
    }

    mongo::client client_;
    collection things_;
    collection written_;
    collection counted_;
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
        static_cast<void>(server.run(doc("insert", place + "_things", "documents", all)));
    }
    std::map<std::uint64_t, long> written(std::string const& place) override {
        test::mongo_server server;
        std::map<std::uint64_t, long> counts;
        read(server, place, [&](bson::view d) { ++counts[static_cast<std::uint64_t>(d.get<std::int64_t>("number"))]; });
        read(server, place + "_counted", [&](bson::view d) {
            counts[static_cast<std::uint64_t>(d.get<std::int64_t>("_id"))] += d.get<std::int32_t>("n");
        });
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
    std::unique_ptr<subject> open(loop& l, test::endpoint const& through, std::string const& place) override {
        return std::make_unique<mongo_subject>(l, fmt::format("mongodb://127.0.0.1:{}", through.port), place);
    }

private:
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
