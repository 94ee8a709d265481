// SPDX-License-Identifier: BSL-1.0
#include "conninfo.hpp"

#include <coda/runtime/option_check.hpp>

#include <arpa/inet.h>
#include <boost/algorithm/string/classification.hpp>
#include <boost/algorithm/string/predicate.hpp>
#include <boost/algorithm/string/split.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <libpq-fe.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>

namespace coda::pg::detail {

namespace {

using option_values = std::map<std::string, std::string, std::less<>>;

constexpr std::string_view never_valid = "-";

struct free_connection {
    void operator()(PGconn* c) const noexcept { PQfinish(c); }
};

struct free_options {
    void operator()(PQconninfoOption* o) const noexcept { PQconninfoFree(o); }
};
using libpq_options = std::unique_ptr<PQconninfoOption, free_options>;

option_values given(PQconninfoOption const* options) {
    option_values values;
    for (auto const* o = options; o != nullptr && o->keyword != nullptr; ++o)
        if (o->val != nullptr) values.emplace(o->keyword, o->val);
    return values;
}

error invalid(std::string what) {
    return {make_error_code(coda::errc::invalid_argument), "connection string: " + what};
}

std::vector<std::string> list_of(option_values const& values, std::string_view option) {
    std::vector<std::string> items;
    auto const found = values.find(option);
    if (found != values.end() && !found->second.empty())
        boost::algorithm::split(items, found->second, boost::algorithm::is_any_of(","));
    return items;
}

bool is_port(std::string_view text) {
    if (text.empty()) return true; // the default
    int number = 0;
    auto const [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    return failed == std::errc() && end == text.data() + text.size() && number >= 1 && number <= 65535;
}

// Several hosts may share one port; otherwise the lists go side by side, as libpq wants them.
result<std::vector<server_address>> servers_of(option_values const& values) {
    auto const hosts = list_of(values, "host");
    auto const addresses = list_of(values, "hostaddr");
    auto const ports = list_of(values, "port");
    std::size_t const count = std::max({hosts.size(), addresses.size(), std::size_t{1}});
    if (!hosts.empty() && !addresses.empty() && hosts.size() != addresses.size())
        return invalid(fmt::format("{} hosts but {} values of hostaddr", hosts.size(), addresses.size()));
    if (ports.size() > 1 && ports.size() != count)
        return invalid(fmt::format("{} ports for {} hosts", ports.size(), count));
    std::vector<server_address> servers;
    for (std::size_t i = 0; i < count; ++i) {
        auto const& port = ports.empty() ? std::string() : ports.size() == 1 ? ports[0] : ports[i];
        if (!is_port(port)) return invalid("port must be a number from 1 to 65535");
        // A name never has one; it comes from a password in a URI, whose tail would then be called a host.
        if (!hosts.empty() && hosts[i].rfind('@') != std::string::npos && hosts[i].rfind('@') > 0)
            return invalid("host contains \"@\"; write %40 for it in a user name or password");
        servers.push_back({hosts.empty() ? "" : hosts[i], addresses.empty() ? "" : addresses[i], port});
    }
    return servers;
}

// Options that libpq itself checks only when it connects, and whose values it then repeats.
struct choice {
    std::string_view option;
    std::vector<std::string_view> values;
};

std::vector<choice> const& choices() {
    static std::vector<choice> const all = {
        {"sslmode", {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}},
        {"channel_binding", {"disable", "prefer", "require"}},
        {"gssencmode", {"disable", "prefer", "require"}},
        {"target_session_attrs", {"any", "read-write", "read-only", "primary", "standby", "prefer-standby"}},
        {"ssl_min_protocol_version", {"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"}},
        {"ssl_max_protocol_version", {"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"}},
    };
    return all;
}

constexpr std::string_view integers[] = {"connect_timeout",     "keepalives",       "keepalives_idle",
                                         "keepalives_interval", "keepalives_count", "tcp_user_timeout"};

// As libpq reads one: decimal, perhaps signed, perhaps with blanks around it.
std::optional<int> integer(std::string_view text) {
    constexpr std::string_view blanks = " \t\n\v\f\r";
    text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
    text = text.substr(0, text.find_last_not_of(blanks) + 1);
    if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
    int number = 0;
    auto const [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

// The value that libpq would use; an empty one counts as none.
std::string_view effective(option_values const& values, option_values const& environment, std::string_view option) {
    for (auto const* from : {&values, &environment})
        if (auto const found = from->find(option); found != from->end() && !found->second.empty()) return found->second;
    return {};
}

// What libpq would use for all that the text leaves out: from the service that it or PGSERVICE names, the environment,
// and libpq's own defaults. Only libpq knows where services are described and how, and tells it of a connection alone:
// of one that it does not begin, since a value is wrong.
result<option_values> what_service_gives(option_values const& values) {
    std::vector<char const*> keywords{"gssencmode"};
    std::vector<char const*> texts{never_valid.data()};
    for (auto const& [keyword, value] : values) {
        if (keyword == "gssencmode") continue;
        keywords.push_back(keyword.c_str());
        texts.push_back(value.c_str());
    }
    keywords.push_back(nullptr);
    texts.push_back(nullptr);
    std::unique_ptr<PGconn, free_connection> const refused(PQconnectStartParams(keywords.data(), texts.data(), 0));
    if (refused == nullptr) throw std::bad_alloc();
    libpq_options const options(PQconninfo(refused.get()));
    auto all = given(options.get());
    if (!all.contains("port")) return invalid("service is not described where libpq looks for it, or not well");
    all.erase("gssencmode");
    return all;
}

result<option_values> what_is_not_given(option_values const& values) {
    libpq_options const defaults(PQconndefaults()); // is silent about a service that it does not find
    if (defaults == nullptr) throw std::bad_alloc();
    auto all = given(defaults.get());
    if (values.contains("service") || all.contains("service")) return what_service_gives(values);
    return all;
}

result<> check_values(option_values const& values, option_values const& environment) {
    for (auto const& [option, allowed] : choices()) {
        auto const value = effective(values, environment, option);
        auto const same = [&](std::string_view one) { return boost::algorithm::iequals(one, value); };
        // The versions of TLS in any case, all else as it is written.
        bool const known = option.starts_with("ssl_") ? std::ranges::any_of(allowed, same)
                                                      : std::ranges::find(allowed, value) != allowed.end();
        if (!value.empty() && !known) return invalid(fmt::format("{} must be {}", option, fmt::join(allowed, ", ")));
    }
    for (auto const option : integers) {
        auto const value = effective(values, environment, option);
        if (!value.empty() && !integer(value)) return invalid(fmt::format("{} must be an integer", option));
    }
    return {};
}

// No shorter than 2 s: libpq's own rule, which leaves a slow handshake a chance.
std::optional<duration> timeout_of(std::string_view connect_timeout) {
    int const seconds = integer(connect_timeout).value_or(0);
    if (seconds <= 0) return std::nullopt;
    return std::chrono::seconds(std::clamp(seconds, 2, 24 * 60 * 60));
}

} // namespace

bool server_address::needs_resolving() const noexcept {
    if (!hostaddr.empty() || host.empty() || host.front() == '/' || host.front() == '@') return false;
    unsigned char address[sizeof(in6_addr)];
    return inet_pton(AF_INET, host.c_str(), address) != 1 && inet_pton(AF_INET6, host.c_str(), address) != 1;
}

std::string what_is_wrong(std::string_view text, std::string_view libpq_message) {
    static constexpr std::pair<std::string_view, std::string_view> causes[] = {
        {"missing \"=\"",
         "neither a URI (postgresql://...) nor words of the form name=value; quote values that contain blanks"},
        {"unterminated quoted string", "a quoted value without its closing quote"},
        {"invalid connection option", "unknown option"},
        {"invalid URI query parameter", "unknown option in the URI's query"},
        {"missing key/value separator", "an option without \"=\" in the URI's query"},
        {"extra key/value separator", "an option with more than one \"=\" in the URI's query"},
        {"invalid percent-encoded token", "a % without two hexadecimal digits in the URI"},
        {"forbidden value %00", "a zero byte (%00) in the URI"},
        {"unexpected character", "an unexpected character in the URI"},
        {"end of string reached", "an IPv6 address without its closing bracket"},
        {"IPv6 host address may not be empty", "an empty IPv6 address"},
        {"out of memory", "out of memory"},
    };
    auto const* const known =
        std::ranges::find_if(causes, [&](auto const& cause) { return libpq_message.starts_with(cause.first); });
    if (known == std::end(causes)) return "malformed"; // translated, perhaps
    std::string cause(known->second);
    if (!cause.starts_with("unknown option")) return cause;
    // Named, unless the name may be the rest of a password that was not quoted or encoded.
    auto const quote = libpq_message.find('"');
    auto const name = libpq_message.substr(quote + 1, libpq_message.find('"', quote + 1) - quote - 1);
    bool const harmless = text.find("password") == text.npos && text.find('@', text.find(name)) == text.npos;
    return harmless ? fmt::format("{} \"{}\"", cause, name) : cause;
}

result<conninfo> conninfo::parse(std::string const& text) {
    if (text.find('\0') != std::string::npos) return invalid("a zero byte");
    if (auto const good = check_at_signs(text); good.has_error()) return good.error();
    char* message = nullptr;
    libpq_options const parsed(PQconninfoParse(text.c_str(), &message));
    if (parsed == nullptr) {
        error const failed = invalid(what_is_wrong(text, message != nullptr ? message : "out of memory"));
        PQfreemem(message);
        return failed;
    }
    auto values = given(parsed.get());
    auto const others = what_is_not_given(values);
    if (others.has_error()) return others.error();
    auto const& environment = *others;
    // What is missing comes from where libpq would take it; a host given here makes the environment's count for
    // nothing.
    if (!values.contains("host") && !values.contains("hostaddr"))
        for (auto const* option : {"host", "hostaddr"})
            if (auto const found = environment.find(option); found != environment.end()) values.insert(*found);
    if (!values.contains("port"))
        if (auto const found = environment.find("port"); found != environment.end()) values.insert(*found);

    auto servers = servers_of(values);
    if (servers.has_error()) return servers.error();
    if (auto const good = check_values(values, environment); good.has_error()) return good.error();
    conninfo result;
    result.connect_timeout_ = timeout_of(effective(values, environment, "connect_timeout"));
    result.in_random_order_ = effective(values, environment, "load_balance_hosts") == "random";
    if (environment.contains("load_balance_hosts"))
        values["load_balance_hosts"] = "disable"; // they are in order by then
    result.two_rounds_ = effective(values, environment, "target_session_attrs") == "prefer-standby";
    result.servers_ = std::move(*servers);
    for (auto const* placed : {"host", "hostaddr", "port"}) values.erase(placed);
    // Kerberos would be asked by blocking calls; who wants it says so.
    values.emplace("gssencmode", "disable");
    result.options_.assign(values.begin(), values.end());
    return result;
}

// In a second round those that failed may be good enough after all.
bool conninfo::go_on_after(std::size_t index) {
    auto const silent = servers_.begin() + static_cast<std::ptrdiff_t>(index);
    servers_.erase(two_rounds_ ? silent : servers_.begin(), silent + 1);
    return !servers_.empty();
}

std::vector<std::pair<std::string, std::string>> conninfo::parameters() const {
    auto joined = [&](std::string server_address::* part) {
        std::string list;
        for (auto const& s : servers_) list += (&s == servers_.data() ? "" : ",") + s.*part;
        return list;
    };
    auto all = options_;
    all.emplace_back("host", joined(&server_address::host));
    all.emplace_back("hostaddr", joined(&server_address::hostaddr));
    all.emplace_back("port", joined(&server_address::port));
    return all;
}

} // namespace coda::pg::detail
