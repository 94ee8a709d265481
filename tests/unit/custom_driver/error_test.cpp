// SPDX-License-Identifier: BSL-1.0
#include <gtest/gtest.h>
#include <memcached/error.hpp>

namespace custom_driver_error_test {

using coda::error_class;
using memcached::errc;

TEST(memcached_error, says_what_kind_of_failure_it_is) {
    auto const kind = [](errc code) { return coda::error(make_error_code(code)).kind(); };
    EXPECT_EQ(kind(errc::connect_failed), error_class::connection_lost);
    EXPECT_EQ(kind(errc::out_of_memory), error_class::throttled);
    for (auto const code : {errc::server_error, errc::value_too_large, errc::client_error, errc::unknown_command})
        EXPECT_EQ(kind(code), error_class::permanent);
}

} // namespace custom_driver_error_test
