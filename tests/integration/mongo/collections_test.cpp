// SPDX-License-Identifier: BSL-1.0
#include "on_mongo.hpp"

#include <boost/describe.hpp>

namespace mongo_collections_test {

using namespace std::chrono_literals;
namespace bson = coda::bson;
namespace mongo = coda::mongo;
using bson::doc;
using coda::as_result;
using coda::outcome;
using coda::task;
using coda::test::gives;
using coda::test::until;
using testing::ElementsAre;
using testing::HasSubstr;

struct account {
    std::int64_t _id = 0;
    std::string owner;
    std::int64_t cents = 0;
    friend bool operator==(account const&, account const&) = default;
};
BOOST_DESCRIBE_STRUCT(account, (), (_id, owner, cents))

class collections : public coda::test::on_mongo {
protected:
    void SetUp() override {
        on_mongo::SetUp();
        if (IsSkipped() || HasFatalFailure()) return;
        name_ = server().fresh_collection();
        db_ = client();
    }
    void TearDown() override {
        db_.reset();
        on_mongo::TearDown();
    }
    mongo::collection here() { return db_->collection(database(), name_); }
    mongo::client& db() { return *db_; }
    std::string const& name() const { return name_; }

    // Documents {_id: 0}, {_id: 1} ... with a text, as many as asked for.
    static std::vector<bson::document> numbered(int count, std::string const& text = "x") {
        std::vector<bson::document> all;
        for (int i = 0; i < count; ++i) all.push_back(doc("_id", i, "text", text));
        return all;
    }
    task<> fill(int count) {
        auto const all = numbered(count);
        co_await gives(here().insert_many(all), count);
    }
    static task<std::vector<int>> ids(coda::stream<bson::document> found) {
        std::vector<int> all;
        while (true) {
            auto const next = co_await found.next();
            if (!next) co_return all;
            all.push_back(next->get<int>("_id"));
        }
    }

private:
    std::string name_;
    std::unique_ptr<mongo::client> db_;
};
CODA_ON_EVERY_LOOP(collections);

TEST_P(collections, store_and_find_structs) {
    account const ada{7, "ada", 1234};
    auto const body = [&]() -> task<> {
        auto accounts = here();
        co_await accounts.insert_one(ada);
        auto const found = co_await accounts.find_by_id<account>(7);
        EXPECT_EQ(found, ada);
        auto const by_owner = co_await accounts.find_one<account>(doc("owner", "ada"));
        EXPECT_EQ(by_owner, ada);
        std::vector<account> const more{{8, "bob", 1}, {9, "cleo", 2}};
        co_await gives(accounts.insert_many(more), 2);
        co_await gives(accounts.count(), 3);
        co_await gives(accounts.count(doc("cents", doc("$lt", 10))), 2);
        auto rich = accounts.find<account>(doc("cents", doc("$gte", 2)), mongo::find_options().sort(doc("_id", -1)));
        auto const first = co_await rich.next();
        auto const second = co_await rich.next();
        auto const third = co_await rich.next();
        EXPECT_EQ(first, more[1]);
        EXPECT_EQ(second, ada);
        EXPECT_FALSE(third);
    };
    run(body());
    EXPECT_EQ(server().count(name()), 3);
}

TEST_P(collections, give_documents_without_an_id_one_of_theirs) {
    auto const body = [&]() -> task<> {
        co_await here().insert_one(doc("a", 1));
        auto const found = co_await here().find_one(doc("a", 1));
        EXPECT_TRUE(found.has_value());
        if (!found) co_return;
        EXPECT_EQ(found->begin()->key(), "_id");
        auto const id = found->get<bson::object_id>("_id");
        auto const again = co_await here().find_by_id(id);
        EXPECT_TRUE(again.has_value());
    };
    run(body());
}

TEST_P(collections, find_by_ids_of_any_type) {
    auto const body = [&]() -> task<> {
        auto const id = bson::object_id::generate();
        std::string const text = "key";
        auto const nested = doc("a", 1, "b", "x");
        std::vector<bson::document> all;
        all.push_back(doc("_id", id, "is", "object_id"));
        all.push_back(doc("_id", text, "is", "text"));
        all.push_back(doc("_id", 5, "is", "int32"));
        all.push_back(doc("_id", std::int64_t{1} << 40, "is", "int64"));
        all.push_back(doc("_id", 2.5, "is", "double"));
        all.push_back(doc("_id", nested, "is", "document"));
        co_await gives(here().insert_many(all), 6);
        auto const is = [](std::optional<bson::document> const& found) {
            return found ? found->get<std::string>("is") : std::string("nothing");
        };
        auto const by_object_id = co_await here().find_by_id(id);
        auto const by_text = co_await here().find_by_id(text);
        auto const by_literal = co_await here().find_by_id("key");
        auto const by_int = co_await here().find_by_id(5);
        auto const by_int64 = co_await here().find_by_id(std::int64_t{1} << 40);
        auto const by_double = co_await here().find_by_id(2.5);
        auto const by_document = co_await here().find_by_id(nested);
        auto const missing = co_await here().find_by_id(6);
        EXPECT_EQ(is(by_object_id), "object_id");
        EXPECT_EQ(is(by_text), "text");
        EXPECT_EQ(is(by_literal), "text");
        EXPECT_EQ(is(by_int), "int32");
        EXPECT_EQ(is(by_int64), "int64");
        EXPECT_EQ(is(by_double), "double");
        EXPECT_EQ(is(by_document), "document");
        EXPECT_EQ(is(missing), "nothing");
    };
    run(body());
}

TEST_P(collections, update_one_document) {
    auto const body = [&]() -> task<> {
        co_await fill(3);
        auto const changed = co_await here().update_one(doc("_id", 1), doc("$set", doc("text", "new")));
        EXPECT_EQ(changed.matched, 1);
        EXPECT_EQ(changed.modified, 1);
        EXPECT_FALSE(changed.inserted);
        auto const same = co_await here().update_one(doc("_id", 1), doc("$set", doc("text", "new")));
        EXPECT_EQ(same.matched, 1);
        EXPECT_EQ(same.modified, 0);
        auto const none = co_await here().update_one(doc("_id", 9), doc("$set", doc("text", "new")));
        EXPECT_EQ(none.matched, 0);
        auto const made = co_await here().update_one(doc("_id", 9), doc("$set", doc("text", "made")), {.upsert = true});
        EXPECT_EQ(made.matched, 0);
        EXPECT_TRUE(made.inserted);
        auto const found = co_await here().find_by_id(9);
        EXPECT_EQ(found->get<std::string>("text"), "made");
    };
    run(body());
}

TEST_P(collections, replace_one_document) {
    auto const body = [&]() -> task<> {
        co_await fill(3);
        auto const whole = co_await here().replace_one(doc("_id", 2), doc("other", 1));
        EXPECT_EQ(whole.modified, 1);
        auto const replaced = co_await here().find_by_id(2);
        EXPECT_EQ(replaced->get<int>("other"), 1);
        EXPECT_FALSE(replaced->contains("text"));
        auto const made = co_await here().replace_one(doc("_id", 9), doc("other", 2), {.upsert = true});
        EXPECT_TRUE(made.inserted);
    };
    run(body());
}

TEST_P(collections, are_not_replaced_where_an_operator_was_forgotten) {
    auto const body = [&]() -> task<> {
        co_await fill(1);
        auto const before = co_await here().find_by_id(0);
        auto const replaced = co_await as_result(here().update_one(doc("_id", 0), doc("text", "new")));
        expect_error(replaced, coda::errc::invalid_argument, outcome::not_sent);
        auto const nothing = co_await as_result(here().update_one(doc("_id", 0), doc()));
        expect_error(nothing, coda::errc::invalid_argument, outcome::not_sent);
        auto const updated = co_await as_result(here().replace_one(doc("_id", 0), doc("$set", doc("text", "new"))));
        expect_error(updated, coda::errc::invalid_argument, outcome::not_sent);
        auto const after = co_await here().find_by_id(0);
        EXPECT_EQ(after, before);
    };
    run(body());
}

TEST_P(collections, of_a_database_whose_name_is_cut_off_do_not_exist) {
    using namespace std::string_literals;
    auto const body = [&]() -> task<> {
        for (auto const& wrong : {database() + "\0x"s, ""s}) {
            auto const stored = co_await as_result(db().collection(wrong, name()).insert_one(doc("_id", 1)));
            expect_error(stored, coda::errc::invalid_argument, outcome::not_sent);
        }
        co_await gives(here().count(), 0);
    };
    run(body());
}

TEST_P(collections, delete_one_document) {
    auto const body = [&]() -> task<> {
        co_await fill(3);
        co_await gives(here().delete_one(doc("text", "x")), true);
        co_await gives(here().delete_one(doc("_id", 9)), false);
        co_await gives(here().count(), 2);
    };
    run(body());
}

TEST_P(collections, that_do_not_exist_are_empty) {
    auto const body = [&]() -> task<> {
        co_await gives(here().count(), 0);
        auto const none = co_await here().find_one({});
        EXPECT_FALSE(none);
        auto found = here().find();
        auto const first = co_await found.next();
        EXPECT_FALSE(first);
        co_await gives(here().delete_one({}), false);
    };
    run(body());
}

TEST_P(collections, refuse_a_second_document_of_an_id) {
    auto const body = [&]() -> task<> {
        co_await here().insert_one(doc("_id", 1));
        auto const r = co_await as_result(here().insert_one(doc("_id", 1)));
        expect_error(r, mongo::server_code::duplicate_key, outcome::completed);
        auto const* const said = r.error().details<mongo::server_error>();
        EXPECT_NE(said, nullptr);
        if (said == nullptr) co_return;
        EXPECT_EQ(said->index, 0);
        EXPECT_THAT(said->text, HasSubstr("duplicate"));
        co_await gives(here().count(), 1);
    };
    run(body());
}

TEST_P(collections, stop_inserting_at_the_first_that_fails_or_try_all) {
    auto const body = [&]() -> task<> {
        co_await here().insert_one(doc("_id", 1));
        auto const all = numbered(4);
        auto const ordered = co_await as_result(here().insert_many(all));
        expect_error(ordered, mongo::server_code::duplicate_key, outcome::completed);
        EXPECT_EQ(ordered.error().details<mongo::server_error>()->index, 1);
        co_await gives(here().count(), 2);
        auto const rest = co_await as_result(here().insert_many(all, {.ordered = false}));
        expect_error(rest, mongo::server_code::duplicate_key, outcome::completed);
        EXPECT_EQ(rest.error().details<mongo::server_error>()->index, 0);
        co_await gives(here().count(), 4);
    };
    run(body());
}

TEST_P(collections, store_more_than_a_message_holds) {
    auto const body = [&]() -> task<> {
        std::string const text(1024 * 1024, 'x');
        auto all = numbered(40, text);
        co_await gives(here().insert_many(all), 40);
        co_await gives(here().count(), 40);
        std::vector<bson::document> again;
        for (int i = 0; i < 20; ++i) again.push_back(doc("_id", 100 + i, "text", text));
        again.push_back(doc("_id", 5));
        auto const r = co_await as_result(here().insert_many(again));
        expect_error(r, mongo::server_code::duplicate_key, outcome::completed);
        EXPECT_EQ(r.error().details<mongo::server_error>()->index, 20) << "its place among all of them";
    };
    run(body());
    EXPECT_EQ(server().count(name()), 60);
}

TEST_P(collections, store_nothing_of_nothing) {
    auto const body = [&]() -> task<> {
        std::vector<bson::document> const none;
        co_await gives(here().insert_many(none), 0);
    };
    run(body());
}

TEST_P(collections, find_in_order_a_part_of_them) {
    auto const body = [&]() -> task<> {
        co_await fill(10);
        auto const upwards = doc("_id", 1);
        auto const three = co_await ids(here().find({}, mongo::find_options().sort(upwards.clone()).skip(2).limit(3)));
        EXPECT_THAT(three, ElementsAre(2, 3, 4));
        auto const last = co_await here().find_one({}, mongo::find_options().sort(doc("_id", -1)));
        EXPECT_EQ(last->get<int>("_id"), 9);
        auto const bare = co_await here().find_one(doc("_id", 4), mongo::find_options().projection(doc("_id", 1)));
        EXPECT_EQ(*bare, doc("_id", 4));
        auto const limited =
            co_await ids(here().find({}, mongo::find_options().sort(upwards.clone()).batch_size(2).limit(5)));
        EXPECT_THAT(limited, ElementsAre(0, 1, 2, 3, 4));
    };
    run(body());
}

TEST_P(collections, give_documents_in_batches) {
    auto const body = [&]() -> task<> {
        co_await fill(25);
        proxy().capture();
        auto const all = co_await ids(here().find({}, mongo::find_options().sort(doc("_id", 1)).batch_size(4)));
        EXPECT_EQ(all.size(), 25u);
        EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
    };
    run(body());
    std::string const sent = proxy().stats().connections.front().to_server.captured;
    int asked = 0;
    for (auto at = sent.find("getMore"); at != sent.npos; at = sent.find("getMore", at + 1)) ++asked;
    EXPECT_GE(asked, 6);
    EXPECT_EQ(sent.find("killCursors"), sent.npos) << "it came to its end";
}

TEST_P(collections, give_views_that_are_good_until_the_next) {
    auto const body = [&]() -> task<> {
        co_await fill(7);
        auto found = here().find<bson::view>({}, mongo::find_options().sort(doc("_id", 1)).batch_size(3));
        for (int i = 0; i < 7; ++i) {
            auto const next = co_await found.next();
            EXPECT_TRUE(next.has_value());
            if (!next) co_return;
            co_await coda::yield();
            EXPECT_EQ(next->get<int>("_id"), i);
            EXPECT_EQ(next->get<std::string_view>("text"), "x");
        }
        auto const end = co_await found.next();
        EXPECT_FALSE(end);
    };
    run(body());
}

TEST_P(collections, kill_the_cursor_of_a_stream_that_is_left) {
    auto const body = [&]() -> task<> {
        co_await fill(25);
        proxy().capture();
        auto const look = [&]() -> task<> {
            auto found = here().find({}, mongo::find_options().batch_size(4));
            for (int i = 0; i < 6; ++i) co_await found.next();
        };
        co_await look();
        auto const killed = [&] {
            for (auto const& c : proxy().stats().connections)
                if (c.to_server.captured.find("killCursors") != std::string::npos) return true;
            return false;
        };
        co_await until(killed, "the cursor is killed");
        co_await gives(here().count(), 25);
    };
    run(body());
    EXPECT_LE(proxy().stats().accepted, 2u) << "its connection serves the next, or what kills the cursor";
}

TEST_P(collections, name_the_path_of_what_cannot_be_read) {
    auto const body = [&]() -> task<> {
        co_await here().insert_one(doc("_id", 1, "owner", "ada", "cents", "many"));
        auto const one = co_await as_result(here().find_by_id<account>(1));
        expect_error(one, coda::errc::type_mismatch, outcome::completed);
        EXPECT_THAT(one.error().message(), HasSubstr("cents"));
        auto found = here().find<account>();
        auto const next = co_await as_result(found.next());
        expect_error(next, coda::errc::type_mismatch, outcome::completed);
        EXPECT_THAT(next.error().message(), HasSubstr("cents"));
        co_await gives(here().count(), 1);
    };
    run(body());
}

TEST_P(collections, run_commands_and_tell_what_the_server_refuses) {
    auto const body = [&]() -> task<> {
        co_await db().ping();
        auto const info = co_await db().command("admin", doc("buildInfo", 1));
        EXPECT_TRUE(info.contains("version"));
        auto const r = co_await as_result(db().command(database(), doc("noSuchCommand", 1)));
        expect_error(r, mongo::server_code::command_not_found, outcome::completed);
        auto const bad =
            co_await as_result(here().update_one({}, doc("$noSuchOperator", doc("a", 1)), {.upsert = true}));
        EXPECT_TRUE(bad.has_error());
        EXPECT_EQ(bad.error().outcome(), outcome::completed);
        EXPECT_NE(bad.error().details<mongo::server_error>(), nullptr);
        co_await db().ping();
    };
    run(body());
    EXPECT_EQ(proxy().stats().accepted, 1u) << "an error of the server's costs no connection";
}

TEST_P(collections, serve_many_tasks_over_a_few_connections) {
    mongo::client few(loop(), uri(), {.pool = {.max_size = 4}});
    auto const one = [&](int i) -> task<> {
        auto all = few.collection(database(), name());
        auto const mine = doc("_id", i, "text", fmt::format("mine {}", i));
        co_await all.insert_one(mine);
        auto const found = co_await all.find_by_id(i);
        EXPECT_EQ(found, mine);
    };
    auto const body = [&](coda::scope& s) -> task<> {
        for (int i = 0; i < 200; ++i) s.spawn(one(i));
        co_return;
    };
    run(coda::with_scope(body));
    EXPECT_LE(few.statistics().opened, 4u);
    EXPECT_EQ(server().count(name()), 200);
}

} // namespace mongo_collections_test
