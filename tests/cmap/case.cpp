// SPDX-License-Identifier: BSL-1.0
#include "case.hpp"

#include "form.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace coda::cmap {

namespace {

constexpr std::size_t longest_file = 16 << 20;

// Each element by itself, and which of them is not as it must be.
template <class Read>
auto read_each(json::array const& from, std::string_view what, Read read) {
    std::vector<std::invoke_result_t<Read, json::value const&>> all;
    for (auto const& each : from)
        all.push_back(within(fmt::format("{} {}", what, all.size() + 1), [&] { return read(each); }));
    return all;
}

void refuse_other_forms(json::object const& top) {
    if (top.contains("schemaVersion"))
        throw malformed(
            "a test of the unified test format ('schemaVersion'), which is played by drivers, not by pools");
    refuse_unknown(top, {"version", "style", "description", "poolOptions", "operations", "error", "events", "ignore",
                         "runOn", "failPoint"});
    static_cast<void>(number_of(top, "version", {1, 1}));
    auto const style = string_of(top, "style");
    if (style != "unit" && style != "integration") throw malformed("'style' must be unit or integration");
    auto const run_on = array_of(top, "runOn");
    within("runOn", [&] { check_requirements(run_on); });
}

std::string contents(std::string const& path) {
    std::error_code failed;
    if (std::filesystem::is_directory(path, failed)) throw malformed("this is a directory");
    std::ifstream file(path, std::ios::binary);
    std::string text(longest_file + 1, '\0');
    if (!file) throw malformed("the file cannot be read");
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (file.bad()) throw malformed("the file cannot be read");
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (text.empty()) throw malformed("the file is empty");
    if (text.size() > longest_file) throw malformed("a case is not longer than 16 MiB");
    return text;
}

json::value parse(std::string const& text) {
    json::parser parser;
    boost::system::error_code failed;
    auto const read = parser.write(text.data(), text.size(), failed);
    if (!failed) return parser.release();
    auto const line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(read), '\n');
    throw malformed(fmt::format("this is no JSON: {} in line {}", failed.message(), line));
}

} // namespace

test_case::test_case(json::value const& file) {
    auto const everything = without_comments(file);
    auto const& top = as_object(everything, "a case");
    refuse_other_forms(top);
    description = string_of(top, "description");
    given_options = object_of(top, "poolOptions");
    within("poolOptions", [&] {
        options = read_options(given_options);
        if (has(given_options, "appName")) app_name = string_of(given_options, "appName");
    });
    if (has(top, "failPoint"))
        fail_point = within("failPoint", [&] { return coda::cmap::fail_point(as_object(top.at("failPoint"), "it")); });
    if (!has(top, "operations")) throw malformed("'operations' is missing");
    operations = read_each(array_of(top, "operations"), "operation", read_operation);
    if (has(top, "error")) error = within("error", [&] { return read_error(top.at("error")); });
    for (auto& each : read_each(array_of(top, "events"), "event", read_event)) events.push_back(std::move(each));
    ignored = read_each(array_of(top, "ignore"), "ignore", read_event_name);
}

test_case read_case(std::string const& path) { return test_case(parse(contents(path))); }

} // namespace coda::cmap
