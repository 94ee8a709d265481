// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdlib>
#include <optional>
#include <string>

namespace coda::test {

// Sets a variable of the environment until it goes.
class environment {
public:
    environment(char const* name, std::string const& value) : name_(name) {
        if (char const* const before = std::getenv(name)) before_ = before;
        setenv(name, value.c_str(), 1);
    }
    ~environment() { before_ ? setenv(name_, before_->c_str(), 1) : unsetenv(name_); }
    environment(environment const&) = delete;
    environment& operator=(environment const&) = delete;

private:
    char const* name_;
    std::optional<std::string> before_;
};

} // namespace coda::test
