// SPDX-License-Identifier: BSL-1.0
#include "uri.hpp"

#include <coda/mongo.hpp>
#include <coda/runtime.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mongo_uri_test {

namespace mongo = coda::mongo;
using mongo::detail::parse_uri;
using mongo::detail::uri_handle;
using mongo::detail::what_is_wrong;
using testing::HasSubstr;
using testing::Not;

uri_handle parsed(std::string const& text, mongo::connection_options const& options = {}) {
    auto r = parse_uri(text, options);
    EXPECT_TRUE(r.has_value()) << text << ": " << r.error().message();
    return r.has_value() ? std::move(*r) : uri_handle();
}

std::string refused(std::string const& text) {
    auto const r = parse_uri(text, {});
    EXPECT_TRUE(r.has_error()) << text;
    if (r.has_value()) return {};
    EXPECT_EQ(r.error().code(), coda::errc::invalid_argument);
    EXPECT_EQ(r.error().outcome(), coda::outcome::not_sent);
    return r.error().message();
}

TEST(a_mongo_uri, keeps_what_it_says) {
    auto const uri = parsed("mongodb://me:pa%20ss%40@db.example:1234,other:5/bank?appname=shop&replicaSet=r0");
    EXPECT_STREQ(mongoc_uri_get_username(uri.get()), "me");
    EXPECT_STREQ(mongoc_uri_get_password(uri.get()), "pa ss@");
    EXPECT_STREQ(mongoc_uri_get_database(uri.get()), "bank");
    EXPECT_STREQ(mongoc_uri_get_appname(uri.get()), "shop");
    EXPECT_STREQ(mongoc_uri_get_replica_set(uri.get()), "r0");
    auto const* const hosts = mongoc_uri_get_hosts(uri.get());
    EXPECT_STREQ(hosts->host_and_port, "db.example:1234");
    EXPECT_STREQ(hosts->next->host_and_port, "other:5");
}

TEST(a_mongo_uri, of_each_kind_is_good) {
    for (auto const* text :
         {"mongodb://localhost", "mongodb://localhost/", "mongodb://localhost/?", "mongodb://[::1]:27017",
          "mongodb://%2Ftmp%2Fmongodb.sock/", "mongodb+srv://db.example.org/bank",
          "mongodb://me:a%3Fb%2Fc@host/x?authSource=admin", "mongodb://a/?readPreference=nearest&w=2&journal=true",
          "mongodb://a/?readPreferenceTags=dc:ny&readPreference=secondary&readConcernLevel=majority",
          "mongodb://a/?AppName=x&MAXPOOLSIZE=3&tls=false", "mongodb://a/?zlibCompressionLevel=3",
          "mongodb://a/?authMechanism=MONGODB-X509", "mongodb://a/?heartbeatFrequencyMS=500&directConnection=true"})
        parsed(text);
}

TEST(a_mongo_uri, never_makes_libmongoc_sleep) {
    auto const uri = parsed("mongodb://a/?serverSelectionTryOnce=false&retryReads=true&retryWrites=true");
    EXPECT_TRUE(mongoc_uri_get_option_as_bool(uri.get(), MONGOC_URI_SERVERSELECTIONTRYONCE, false));
    EXPECT_FALSE(mongoc_uri_get_option_as_bool(uri.get(), MONGOC_URI_RETRYREADS, true));
    EXPECT_FALSE(mongoc_uri_get_option_as_bool(uri.get(), MONGOC_URI_RETRYWRITES, true));
}

TEST(a_mongo_uri, is_overruled_by_the_options_that_are_set) {
    std::string const text = "mongodb://a/?readPreference=secondary&readConcernLevel=majority&w=3";
    auto const as_it_is = parsed(text);
    EXPECT_EQ(mongoc_read_prefs_get_mode(mongoc_uri_get_read_prefs_t(as_it_is.get())), MONGOC_READ_SECONDARY);
    EXPECT_STREQ(mongoc_read_concern_get_level(mongoc_uri_get_read_concern(as_it_is.get())), "majority");
    EXPECT_EQ(mongoc_write_concern_get_w(mongoc_uri_get_write_concern(as_it_is.get())), 3);

    mongo::connection_options o;
    o.read_preference = mongo::read_preference::nearest;
    o.read_concern = mongo::read_concern::local;
    o.write_concern = mongo::write_concern::majority;
    auto const overruled = parsed(text, o);
    EXPECT_EQ(mongoc_read_prefs_get_mode(mongoc_uri_get_read_prefs_t(overruled.get())), MONGOC_READ_NEAREST);
    EXPECT_STREQ(mongoc_read_concern_get_level(mongoc_uri_get_read_concern(overruled.get())), "local");
    EXPECT_TRUE(mongoc_write_concern_get_wmajority(mongoc_uri_get_write_concern(overruled.get())));
}

TEST(a_mongo_uri, takes_each_read_preference_read_concern_and_write_concern) {
    std::pair<mongo::read_preference, mongoc_read_mode_t> const modes[] = {
        {mongo::read_preference::primary, MONGOC_READ_PRIMARY},
        {mongo::read_preference::primary_preferred, MONGOC_READ_PRIMARY_PREFERRED},
        {mongo::read_preference::secondary, MONGOC_READ_SECONDARY},
        {mongo::read_preference::secondary_preferred, MONGOC_READ_SECONDARY_PREFERRED},
        {mongo::read_preference::nearest, MONGOC_READ_NEAREST}};
    for (auto const& [ours, theirs] : modes) {
        auto const uri = parsed("mongodb://a", {.read_preference = ours});
        EXPECT_EQ(mongoc_read_prefs_get_mode(mongoc_uri_get_read_prefs_t(uri.get())), theirs);
    }
    std::pair<mongo::read_concern, char const*> const levels[] = {{mongo::read_concern::local, "local"},
                                                                  {mongo::read_concern::available, "available"},
                                                                  {mongo::read_concern::majority, "majority"},
                                                                  {mongo::read_concern::linearizable, "linearizable"},
                                                                  {mongo::read_concern::snapshot, "snapshot"}};
    for (auto const& [ours, theirs] : levels) {
        auto const uri = parsed("mongodb://a", {.read_concern = ours});
        EXPECT_STREQ(mongoc_read_concern_get_level(mongoc_uri_get_read_concern(uri.get())), theirs);
    }
    auto const one = parsed("mongodb://a", {.write_concern = mongo::write_concern::one});
    EXPECT_EQ(mongoc_write_concern_get_w(mongoc_uri_get_write_concern(one.get())), 1);
    EXPECT_FALSE(mongoc_write_concern_get_journal(mongoc_uri_get_write_concern(one.get())));
    auto const journaled = parsed("mongodb://a", {.write_concern = mongo::write_concern::journaled});
    EXPECT_EQ(mongoc_write_concern_get_w(mongoc_uri_get_write_concern(journaled.get())), 1);
    EXPECT_TRUE(mongoc_write_concern_get_journal(mongoc_uri_get_write_concern(journaled.get())));
}

TEST(a_mongo_uri, with_an_unknown_option_is_refused_by_its_name) {
    EXPECT_THAT(refused("mongodb://me:s3cret@host/x?colour=blue"), HasSubstr("\"colour\""));
    EXPECT_THAT(refused("mongodb://host/?appname=a&retryWrite=true"), HasSubstr("\"retryWrite\""));
    EXPECT_THAT(refused("mongodb://host/?tls=true&colour"), HasSubstr("\"colour\""));
    EXPECT_THAT(refused("mongodb+srv://db.example.org/?colour=blue"), HasSubstr("\"colour\""));
    EXPECT_THAT(refused("mongodb://host/?tls=true&tlsCAFile=/etc/ca.pem&colour=blue"), HasSubstr("\"colour\""));
}

TEST(a_mongo_uri, that_asks_for_compression_is_refused) {
    for (auto const* text :
         {"mongodb://me:s3cret@host/?compressors=zlib", "mongodb://host/?w=1&Compressors=snappy,zstd",
          "mongodb+srv://db.example.org/?compressors=", "mongodb://host/?tlsCAFile=/etc/ca.pem&compressors=zlib"}) {
        EXPECT_THAT(refused(text), HasSubstr("compressors"));
        EXPECT_THAT(refused(text), Not(HasSubstr("s3cret")));
    }
}

TEST(a_mongo_uri, that_asks_for_what_would_block_is_refused) {
    EXPECT_THAT(refused("mongodb://me:s3cret@host/?authMechanism=GSSAPI"), HasSubstr("authMechanism=GSSAPI"));
    EXPECT_THAT(refused("mongodb://host/?authMechanism=MONGODB-AWS"), HasSubstr("MONGODB-AWS without"));
    parsed("mongodb://me:s3cret@host/?authMechanism=MONGODB-AWS");
}

TEST(a_mongo_uri, whose_writes_would_not_be_acknowledged_is_refused) {
    EXPECT_THAT(refused("mongodb://host/?w=0"), HasSubstr("w=0"));
    parsed("mongodb://host/?w=0", {.write_concern = mongo::write_concern::one});
}

TEST(a_mongo_uri, with_a_value_that_cannot_be_names_the_option_or_the_part) {
    EXPECT_THAT(refused("postgresql://host/x"), HasSubstr("mongodb://"));
    EXPECT_THAT(refused("mongodb://host:70000"), HasSubstr("port"));
    EXPECT_THAT(refused("mongodb://me:100%@host"), HasSubstr("hexadecimal"));
    EXPECT_THAT(refused("mongodb://host/?readPreference=everywhere"), HasSubstr("readPreference"));
    EXPECT_THAT(refused("mongodb://host/?connectTimeoutMS=soon"), HasSubstr("connecttimeoutms"));
    EXPECT_THAT(refused("mongodb://a,b/?directConnection=true"), HasSubstr("directConnection"));
    EXPECT_THAT(refused("mongodb+srv://db.example.org:1234"), HasSubstr("port"));
    EXPECT_THAT(refused("mongodb+srv://a.example.org,b.example.org/"), HasSubstr("several hosts"));
    EXPECT_THAT(refused("mongodb://host/?authMechanism=PLAIN"), HasSubstr("user name"));
    EXPECT_THAT(refused(std::string("mongodb://ho\0st", 15)), HasSubstr("zero byte"));
}

// Wherever the password stands, and whatever else is wrong.
TEST(a_mongo_uri, that_is_malformed_is_refused_without_its_password) {
    std::string const p = "s3cret";
    std::string const malformed[] = {
        "",
        p,
        "mongodb:",
        "mongodb://",
        "mongodb://me:" + p + "@",
        "mongodb://me:" + p + "@/x",
        "mongodb//me:" + p + "@host",
        "http://me:" + p + "@host/x",
        "mongodb://me:" + p + "@host:70000/x",
        "mongodb://me:" + p + "@host:0/x",
        "mongodb://me:" + p + "@host:port/x",
        "mongodb://me:" + p + "@host:/x",
        "mongodb://me:" + p + "@[::1/x",
        "mongodb://me:my:" + p + "@host/x",
        "mongodb://me:my/" + p + "@host/x",
        "mongodb://me:my%" + p + "@host/x",
        "mongodb://me:%zz" + p + "@host/x",
        "mongodb://:" + p + "@host/x",
        "mongodb://me:" + p + "@host/x?colour=blue",
        "mongodb://me:" + p + "@host/x?" + p + "@colour=blue",
        "mongodb://me:" + p + "@host/a.b",
        "mongodb://me:" + p + "@host/a b",
        "mongodb://me:" + p + "@host/x?w=-5",
        "mongodb://me:" + p + "@host/x?tls=" + p,
        "mongodb://me:" + p + "@host/x?ssl=true&tls=false",
        "mongodb://me:" + p + "@host/x?connectTimeoutMS=" + p,
        "mongodb://me:" + p + "@host/x?readPreference=" + p,
        "mongodb://me:" + p + "@host,other/x?directConnection=true",
        "mongodb+srv://me:" + p + "@host:1/x",
        "mongodb+srv://me:" + p + "@a.b.c,d.e.f/x",
        "mongodb+srv://me:" + p + "@host/x",
        "mongodb+srv://me:" + p + "@db.example.org/x?directConnection=true",
    };
    coda::asio_loop loop;
    for (auto const& text : malformed) {
        EXPECT_THAT(refused(text), Not(HasSubstr(p))) << text;
        for (auto const& make : {std::function<void()>([&] { mongo::client(loop, text); }),
                                 std::function<void()>([&] { mongo::connection(loop, text); })}) {
            try {
                make();
                ADD_FAILURE() << text;
            } catch (coda::exception const& e) {
                EXPECT_EQ(e.code(), coda::errc::invalid_argument);
                EXPECT_THAT(e.what(), Not(HasSubstr(p))) << text;
            }
        }
    }
}

// What the DNS says of a mongodb+srv goes to where its name stood, and nowhere else.
TEST(with_servers, puts_them_where_the_name_stood) {
    using mongo::detail::with_servers;
    EXPECT_EQ(with_servers("mongodb+srv://db.example.org", "a:1,b:2"), "mongodb://a:1,b:2/");
    EXPECT_EQ(with_servers("mongodb+srv://db.example.org/", "a:1"), "mongodb://a:1/");
    EXPECT_EQ(with_servers("mongodb+srv://db.example.org/bank?w=1", "a:1"), "mongodb://a:1/bank?w=1");
    EXPECT_EQ(with_servers("mongodb+srv://me:s3%2Fcret@db.example.org/bank", "a:1"), "mongodb://me:s3%2Fcret@a:1/bank");
    EXPECT_EQ(with_servers("mongodb+srv://me:s3@cret@db.example.org/bank", "a:1"), "mongodb://me:s3@cret@a:1/bank");
    EXPECT_EQ(with_servers("mongodb+srv://db.example.org/?appname=me@here/x", "a:1"),
              "mongodb://a:1/?appname=me@here/x");
    EXPECT_EQ(with_servers("mongodb+srv://me@db.example.org/?appname=me@here", "a:1"),
              "mongodb://me@a:1/?appname=me@here");
    EXPECT_EQ(with_servers("mongodb+srv://db.example.org/x?srvServiceName=y&w=1&srvMaxHosts=2&tls=true", "a:1"),
              "mongodb://a:1/x?w=1&tls=true");
    EXPECT_EQ(with_servers("mongodb+srv://db.example.org/?srvmaxhosts=2", "a:1"), "mongodb://a:1/");
}

TEST(what_is_wrong, repeats_nothing_but_the_name_of_an_option) {
    EXPECT_EQ(what_is_wrong("Unsupported value for \"tls\": \"s3cret\" is not a boolean"),
              "a value of tls that it cannot have");
    EXPECT_EQ(what_is_wrong("Unsupported value for \"s3cret\": x"), "a value that is not allowed");
    EXPECT_EQ(what_is_wrong("Unsupported value for \"s3cret"), "a value that is not allowed");
    EXPECT_EQ(what_is_wrong("Unsupported value for \""), "a value that is not allowed");
    EXPECT_EQ(what_is_wrong("Something new about s3cret"), "malformed");
    EXPECT_EQ(what_is_wrong(""), "malformed");
    EXPECT_THAT(what_is_wrong("Invalid host string in URI: s3cret"), Not(HasSubstr("s3cret")));
    EXPECT_THAT(what_is_wrong("'s3cret' authentication mechanism requires username"), Not(HasSubstr("s3cret")));
}

} // namespace mongo_uri_test
