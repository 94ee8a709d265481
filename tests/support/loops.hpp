// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/asio_loop.hpp>
#ifdef CODA_HAS_LIBEV
#include <coda/runtime/ev_loop.hpp>
#endif

#include <gtest/gtest.h>

#include <memory>
#include <ostream>
#include <vector>

namespace coda::test {

enum class loop_kind { asio, ev };

inline void PrintTo(loop_kind kind, std::ostream* out) { *out << (kind == loop_kind::asio ? "asio" : "ev"); }

inline std::unique_ptr<coda::loop> make_loop(loop_kind kind) {
#ifdef CODA_HAS_LIBEV
    if (kind == loop_kind::ev) return std::make_unique<coda::ev_loop>();
#else
    static_cast<void>(kind);
#endif
    return std::make_unique<coda::asio_loop>();
}

inline std::vector<loop_kind> loop_kinds() {
#ifdef CODA_HAS_LIBEV
    return {loop_kind::asio, loop_kind::ev};
#else
    return {loop_kind::asio};
#endif
}

inline auto every_loop() { return ::testing::ValuesIn(loop_kinds()); }

// A test that runs once per loop backend:
//
//     using a_mutex = coda::test::on_every_loop;
//     CODA_ON_EVERY_LOOP(a_mutex);
//     TEST_P(a_mutex, is_fifo) { run([]() -> coda::task<> { ... }()); }
class on_every_loop : public ::testing::TestWithParam<loop_kind> {
protected:
    template <class T>
    T run(coda::task<T> t) {
        return loop_->run(std::move(t));
    }
    coda::loop& loop() { return *loop_; }

private:
    std::unique_ptr<coda::loop> loop_ = make_loop(GetParam());
};

} // namespace coda::test

#define CODA_ON_EVERY_LOOP(suite) \
    INSTANTIATE_TEST_SUITE_P(, suite, ::coda::test::every_loop(), ::testing::PrintToStringParamName())
