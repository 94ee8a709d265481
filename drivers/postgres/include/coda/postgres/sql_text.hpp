// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace coda::pg {

/// The text of a statement, as an argument: one made on the way is kept, others are referred to and must live until the
/// operation has ended.
///
///     auto later = db.execute("truncate " + coda::pg::ident(table)); // keeps the text
class sql_text {
public:
    /// Refers to a literal, a std::string with a name, a view.
    template <std::convertible_to<std::string_view> Text>
        requires(!std::same_as<Text, sql_text>)
    sql_text(Text const& text) : text_(text) {}
    /// Keeps it.
    sql_text(std::string&& made) : kept_(std::make_unique<std::string const>(std::move(made))), text_(*kept_) {}

    operator std::string_view() const noexcept { return text_; }

private:
    std::unique_ptr<std::string const> kept_;
    std::string_view text_;
};

} // namespace coda::pg
