// SPDX-License-Identifier: BSL-1.0
// A test of the contract is a template on the store, so that it may ask what the store has. It is compiled once, and
// registered once for each of its suite's variants: each loop, and what else the suite tells apart.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace coda::test::contract_tests {

/// As tests are named by it: POSTGRES, of the variable CODA_TEST_POSTGRES_URI.
template <class Store>
std::string name_of_store() {
    std::string const variable = Store::variable;
    return variable.substr(10, variable.size() - 14);
}

/// `Suite::variants()` are what it runs as: each has a name(), and is handed to become() before the test's SetUp.
template <class Suite, class Test>
bool registered(char const* suite, char const* name, char const* file, int line) {
    for (auto const& variant : Suite::variants()) {
        auto const create = [variant]() -> Suite* {
            auto test = std::make_unique<Test>();
            test->become(variant);
            return test.release();
        };
        auto const full = fmt::format("{}/{}", suite, variant.name());
        testing::RegisterTest(full.c_str(), name, nullptr, nullptr, file, line, create);
    }
    return true;
}

} // namespace coda::test::contract_tests

/// CODA_CONTRACT_TEST(suite, name) { ... }: as TEST_F, where Store is the store, and what the suite offers is this->'s.
#define CODA_CONTRACT_TEST(suite, name)                                                                       \
    template <class Store>                                                                                    \
    struct suite##_##name : suite<Store> {                                                                    \
        void TestBody() override;                                                                             \
    };                                                                                                        \
    [[maybe_unused]] bool const suite##_##name##_is_registered =                                              \
        registered<suite<contract_store>, suite##_##name<contract_store>>(#suite, #name, __FILE__, __LINE__); \
    template <class Store>                                                                                    \
    void suite##_##name<Store>::TestBody()
