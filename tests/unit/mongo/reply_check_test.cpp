// SPDX-License-Identifier: BSL-1.0
#include "reply_check.hpp"
#include "support/mongo_peer.hpp"

#include <gtest/gtest.h>

namespace mongo_reply_check_test {

using coda::bson::doc;
using coda::mongo::detail::reply_check;
using coda::test::int32_bytes;
using coda::test::mongo_message;

// The check of one who asked in this form.
reply_check after_asking(std::int32_t opcode) {
    std::string request = coda::test::framed(0, opcode, "the rest");
    // libmongoc writes a header in several parts.
    mongoc_iovec_t parts[] = {
        {request.data(), 4}, {request.data() + 4, 10}, {request.data() + 14, request.size() - 14}};
    reply_check c;
    c.asked(parts);
    return c;
}
std::string answer_to(std::int32_t opcode) {
    mongo_message asked;
    asked.id = 1; // as that of the request
    asked.opcode = opcode;
    return reply_to(asked, doc("ok", 1, "text", "some text that makes it longer than its head"));
}
constexpr std::int32_t forms[] = {coda::test::op_msg, coda::test::op_query};

TEST(reply_check, passes_replies_in_pieces_of_any_size) {
    for (auto const form : forms) {
        std::string stream;
        for (int i = 0; i < 4; ++i) stream += answer_to(form);
        for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
            auto c = after_asking(form);
            for (std::size_t at = 0; at < stream.size(); at += piece)
                ASSERT_TRUE(c.came(std::string_view(stream).substr(at, piece))) << form << " " << piece << " " << at;
        }
    }
}

TEST(reply_check, tells_before_the_last_byte_what_is_no_reply) {
    for (auto const form : forms) {
        auto const good = answer_to(form);
        std::size_t const document = form == coda::test::op_msg ? 21 : 36;
        auto const with = [&](std::size_t at, std::int32_t n) {
            return std::string(good).replace(at, 4, int32_bytes(n));
        };
        std::string const bad[] = {with(0, 0),
                                   with(0, 15),
                                   with(0, 16),
                                   with(0, 25),
                                   with(0, -1),
                                   with(0, static_cast<std::int32_t>(good.size()) - 1),
                                   with(0, static_cast<std::int32_t>(good.size()) + 1) + "\1",
                                   with(8, 77), // to another request
                                   with(12, 0),
                                   with(12, 9999),
                                   with(12, form == coda::test::op_msg ? 1 : 2013),
                                   with(document, 5),
                                   with(document, -1),
                                   with(document, 1'000'000),
                                   with(document - 4, 7),
                                   std::string(good).replace(good.size() - 1, 1, "x")};
        for (auto const& message : bad)
            for (std::size_t const piece : {std::size_t{1}, std::size_t{7}, message.size()}) {
                auto c = after_asking(form);
                bool sound = true;
                for (std::size_t at = 0; at < message.size() && sound; at += piece)
                    sound = c.came(std::string_view(message).substr(at, piece));
                EXPECT_FALSE(sound) << form << " " << testing::PrintToString(message);
            }
    }
}

// libmongoc would make room for it before the first byte of the rest has come.
TEST(reply_check, refuses_what_no_server_sends_at_its_length) {
    for (auto const form : forms) {
        std::int32_t const document = form == coda::test::op_msg ? 21 : 36;
        auto const of_length = [&](std::int32_t n) {
            auto c = after_asking(form);
            auto const place = static_cast<std::size_t>(document);
            return c.came(answer_to(form).replace(0, 4, int32_bytes(n)).replace(place, 4, int32_bytes(n - document)));
        };
        EXPECT_TRUE(of_length(48'000'000)) << form;
        EXPECT_FALSE(of_length(48'000'001)) << form;
        EXPECT_FALSE(of_length(2147483647)) << form;
    }
}

// None was agreed on.
TEST(reply_check, refuses_what_is_compressed) {
    auto c = after_asking(coda::test::op_msg);
    EXPECT_FALSE(c.came(coda::test::framed(0, 2012, std::string(60, '\0'))));
}

} // namespace mongo_reply_check_test
