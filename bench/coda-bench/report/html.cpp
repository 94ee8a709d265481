// SPDX-License-Identifier: BSL-1.0
#include "report/html.hpp"

#include <boost/json/serialize.hpp>

#include <string_view>

namespace coda::bench {

// Made from the files of the same names when the program is built.
extern std::string_view const page_html;
extern std::string_view const page_css;
extern std::string_view const page_js;

namespace {

void put(std::string& page, std::string_view mark, std::string_view content) {
    if (auto const at = page.find(mark); at != std::string::npos) page.replace(at, mark.size(), content);
}

// Inside a script element only "</script" and "<!--" end the data: no '<' at all is simplest.
std::string for_script(boost::json::object const& data) {
    std::string out;
    for (char c : boost::json::serialize(data)) {
        if (c == '<')
            out += "\\u003c";
        else
            out += c;
    }
    return out;
}

} // namespace

std::string html_report(boost::json::object const& results) {
    std::string page(page_html);
    put(page, "/*style*/", page_css);
    put(page, "/*script*/", page_js);
    put(page, "/*data*/", for_script(results)); // last: it may hold anything
    return page;
}

} // namespace coda::bench
