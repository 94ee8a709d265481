// SPDX-License-Identifier: BSL-1.0
#include "backend_key.hpp"
#include "cancel_request.hpp"

#include <gtest/gtest.h>

namespace postgres_backend_key_test {

using coda::pg::detail::backend_key;
using coda::pg::detail::cancel_message;
using coda::pg::detail::key_in;

TEST(backend_key, is_read_from_its_line_of_the_trace) {
    EXPECT_EQ(key_in("B\t12\tBackendKeyData\t 12061 514238516"), (backend_key{12061, 514238516}));
    EXPECT_EQ(key_in("B\t12\tBackendKeyData\t 7 -1"), (backend_key{7, 0xffffffff}));
}

TEST(backend_key, is_in_no_other_line) {
    for (std::string_view const line :
         {"", "B", "B\t12", "B\t12\tBackendKeyData", "B\t12\tBackendKeyData\t 12061",
          "F\t12\tBackendKeyData\t 12061 514238516", "B\t5\tReadyForQuery\t I", "B\t12\tBackendKeyData\t 1 2 3",
          "B\t12\tBackendKeyData\t 1x 2", "B\t12\tBackendKeyData\t 1 99999999999",
          "B\t22\tParameterStatus\t \"application_name\" \"B 12 BackendKeyData 1 2\""})
        EXPECT_FALSE(key_in(line)) << line;
}

TEST(backend_key, is_shown_in_a_request_of_sixteen_bytes) {
    auto const message = cancel_message({0x01020304, 0xfffefdfc});
    unsigned char const expected[] = {0, 0, 0, 16, 4, 0xd2, 0x16, 0x2e, 1, 2, 3, 4, 0xff, 0xfe, 0xfd, 0xfc};
    for (std::size_t i = 0; i < message.size(); ++i)
        EXPECT_EQ(std::to_integer<unsigned char>(message[i]), expected[i]) << "byte " << i;
}

} // namespace postgres_backend_key_test
