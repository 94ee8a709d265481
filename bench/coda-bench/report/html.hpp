// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/json/object.hpp>

#include <string>

namespace coda::bench {

/// The report: one HTML file that needs no other file and no network. The page, its style and its
/// script are report/page.html, page.css and page.js; they draw what `results` holds.
[[nodiscard]] std::string html_report(boost::json::object const& results);

} // namespace coda::bench
