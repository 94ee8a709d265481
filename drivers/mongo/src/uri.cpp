// SPDX-License-Identifier: BSL-1.0
#include "uri.hpp"

#include <coda/mongo/error.hpp>
#include <coda/runtime/option_check.hpp>
#include <coda/runtime/resolve.hpp>

#include <boost/algorithm/string/case_conv.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace coda::mongo::detail {

namespace {

error invalid(std::string_view what) {
    return {make_error_code(coda::errc::invalid_argument), fmt::format("connection string: {}", what)};
}

bool is_option(std::string const& lower_case_name) {
    static constexpr std::string_view others[] = {
        "authmechanism",    "authmechanismproperties", "authsource",         "gssapiservicename",
        "readconcernlevel", "readpreference",          "readpreferencetags", "w"};
    char const* const name = lower_case_name.c_str();
    return mongoc_uri_option_is_int32(name) || mongoc_uri_option_is_int64(name) || mongoc_uri_option_is_bool(name) ||
           mongoc_uri_option_is_utf8(name) || std::ranges::find(others, lower_case_name) != std::end(others);
}

// The ? before them, behind the first slash behind the servers: those that options hold say nothing.
std::size_t begin_of_options(std::string_view text) noexcept {
    auto const path = text.find('/', text.find("://") + 3);
    return path == text.npos ? path : text.find('?', path);
}

// libmongoc takes an option that it does not know for a matter of logging only. Compressed messages could not be
// checked before it reads them (reply_check). A name is repeated unless an @ behind it may end a password.
result<> check_option_names(std::string_view text) {
    auto const place = begin_of_options(text);
    if (place == text.npos) return {};
    auto query = text.substr(place + 1);
    while (!query.empty()) {
        auto const option = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), option.size() + 1));
        if (option.empty()) continue;
        std::string const name(option.substr(0, option.find('=')));
        auto const lower_case = boost::algorithm::to_lower_copy(name);
        if (lower_case == "compressors") return invalid("compressors: messages cannot be compressed");
        if (!is_option(lower_case))
            return invalid(text.find('@', place) == text.npos ? fmt::format("unknown option \"{}\"", name)
                                                              : "unknown option");
    }
    return {};
}

std::string_view named(char const* text) noexcept { return text != nullptr ? text : std::string_view(); }

constexpr std::array read_modes{MONGOC_READ_PRIMARY,
                                MONGOC_READ_PRIMARY,
                                MONGOC_READ_PRIMARY_PREFERRED,
                                MONGOC_READ_SECONDARY,
                                MONGOC_READ_SECONDARY_PREFERRED,
                                MONGOC_READ_NEAREST};
// Those that only the name was looked up by.
std::string without_srv_options(std::string_view query) {
    std::string kept;
    while (!query.empty()) {
        query.remove_prefix(1); // the ? or &
        auto const option = query.substr(0, query.find('&'));
        query.remove_prefix(option.size());
        auto const name = boost::algorithm::to_lower_copy(std::string(option.substr(0, option.find('='))));
        if (name == "srvservicename" || name == "srvmaxhosts" || name.empty()) continue;
        kept += fmt::format("{}{}", kept.empty() ? '?' : '&', option);
    }
    return kept;
}

constexpr std::array<char const*, 6> read_levels{nullptr,
                                                 MONGOC_READ_CONCERN_LEVEL_LOCAL,
                                                 MONGOC_READ_CONCERN_LEVEL_AVAILABLE,
                                                 MONGOC_READ_CONCERN_LEVEL_MAJORITY,
                                                 MONGOC_READ_CONCERN_LEVEL_LINEARIZABLE,
                                                 MONGOC_READ_CONCERN_LEVEL_SNAPSHOT};

void set_read_preference(mongoc_uri_t* uri, read_preference p) {
    if (p == read_preference::from_uri) return;
    auto* const prefs = mongoc_read_prefs_new(read_modes[static_cast<std::size_t>(p)]);
    mongoc_uri_set_read_prefs_t(uri, prefs);
    mongoc_read_prefs_destroy(prefs);
}

void set_read_concern(mongoc_uri_t* uri, read_concern c) {
    if (c == read_concern::from_uri) return;
    auto* const concern = mongoc_read_concern_new();
    mongoc_read_concern_set_level(concern, read_levels[static_cast<std::size_t>(c)]);
    mongoc_uri_set_read_concern(uri, concern);
    mongoc_read_concern_destroy(concern);
}

void set_write_concern(mongoc_uri_t* uri, write_concern c) {
    if (c == write_concern::from_uri) return;
    auto* const concern = mongoc_write_concern_new();
    mongoc_write_concern_set_w(concern, c == write_concern::majority ? MONGOC_WRITE_CONCERN_W_MAJORITY : 1);
    if (c == write_concern::journaled) mongoc_write_concern_set_journal(concern, true);
    mongoc_uri_set_write_concern(uri, concern);
    mongoc_write_concern_destroy(concern);
}

// Whatever would make a single-threaded client sleep in a system call: trying again waits for the servers to be
// rescanned, half a second apart (Server Discovery And Monitoring, minHeartbeatFrequencyMS), and before 1.26 it sleeps
// meanwhile.
void never_sleep(mongoc_uri_t* uri) {
    mongoc_uri_set_option_as_bool(uri, MONGOC_URI_SERVERSELECTIONTRYONCE, true);
    mongoc_uri_set_option_as_bool(uri, MONGOC_URI_RETRYREADS, false);
    mongoc_uri_set_option_as_bool(uri, MONGOC_URI_RETRYWRITES, false);
}

// What a connection on a loop cannot do, or nobody could be told of.
result<> check_asked(mongoc_uri_t const* uri) {
    std::string_view const how = named(mongoc_uri_get_auth_mechanism(uri));
    if (how == "GSSAPI") return invalid("authMechanism=GSSAPI: it would block the loop");
    if (how == "MONGODB-AWS" && mongoc_uri_get_password(uri) == nullptr)
        return invalid("authMechanism=MONGODB-AWS without a user name and a password: to ask for them would block");
    if (!mongoc_write_concern_is_acknowledged(mongoc_uri_get_write_concern(uri)))
        return invalid("w=0: nobody would know what has become of a write");
    return {};
}

void ask_for(mongoc_uri_t* uri, connection_options const& options) {
    set_read_preference(uri, options.read_preference);
    set_read_concern(uri, options.read_concern);
    set_write_concern(uri, options.write_concern);
    never_sleep(uri);
}

} // namespace

std::string what_is_wrong(std::string_view libmongoc_message) {
    static constexpr std::pair<std::string_view, std::string_view> causes[] = {
        {"Invalid URI Schema", "it must begin with mongodb:// or mongodb+srv://"},
        {"Invalid host string", "a malformed host, or a port that is no number from 1 to 65535"},
        {"Incorrect URI escapes", "a % without two hexadecimal digits in the user name or password"},
        {"Invalid database name", "a malformed database name"},
        {"Unsupported w value", "a value of w that it cannot have"},
        {"Unsupported readPreference value", "a value of readPreference that it cannot have"},
        {"Multiple seeds not allowed", "directConnection with several hosts"},
        {"SRV URI not allowed with directConnection", "directConnection with mongodb+srv"},
        {"Invalid service name", "mongodb+srv needs a host name of three parts"},
        {"Port numbers are prohibited", "mongodb+srv with a port"},
        {"Multiple service names", "mongodb+srv with several hosts"},
        {"Deprecated option", "ssl and tls contradict each other"},
    };
    for (auto const& [begin, meaning] : causes)
        if (libmongoc_message.starts_with(begin)) return std::string(meaning);
    if (libmongoc_message.ends_with("requires username")) return "a login without a user name";
    // The name is libmongoc's; the value behind it is not.
    constexpr std::string_view unsupported = "Unsupported value for \"";
    if (!libmongoc_message.starts_with(unsupported)) return "malformed";
    libmongoc_message.remove_prefix(unsupported.size());
    std::string const name(libmongoc_message.substr(0, libmongoc_message.find('"')));
    return is_option(name) ? fmt::format("a value of {} that it cannot have", name) : "a value that is not allowed";
}

std::string with_servers(std::string_view with_srv, std::string_view servers) {
    auto const begin = with_srv.find("://") + 3;
    auto const end = std::min(with_srv.find('/', begin), with_srv.size());
    auto const at = with_srv.substr(begin, end - begin).rfind('@'); // an @ behind the / is an option's
    auto const login = at == with_srv.npos ? std::string_view() : with_srv.substr(begin, at + 1);
    auto const query = std::min(begin_of_options(with_srv), with_srv.size());
    auto const path = end < query ? with_srv.substr(end, query - end) : std::string_view("/");
    return fmt::format("mongodb://{}{}{}{}", login, servers, path, without_srv_options(with_srv.substr(query)));
}

result<uri_handle> parse_uri(std::string const& text, connection_options const& options) {
    start_library();
    if (text.find('\0') != std::string::npos) return invalid("a zero byte");
    if (auto const good = check_at_signs(text); good.has_error()) return good.error();
    if (auto const known = check_option_names(text); known.has_error()) return known.error();
    bson_error_t failed{};
    uri_handle uri(mongoc_uri_new_with_error(text.c_str(), &failed));
    if (!uri) return invalid(what_is_wrong(failed.message));
    ask_for(uri.get(), options);
    if (auto const possible = check_asked(uri.get()); possible.has_error()) return possible.error();
    return uri;
}

namespace {

// Blocks. A client knows the servers once it has been made; its own copy of the connection string lists them.
result<uri_handle> ask_for_servers(std::string const& with_srv, connection_options const& options) {
    auto parsed = parse_uri(with_srv, options);
    if (parsed.has_error()) return parsed.error();
    mongoc_uri_t const* const uri = parsed->get();
    bson_error_t failed{};
    client_handle const client(mongoc_client_new_from_uri_with_error(uri, &failed));
    if (!client) return error(make_error_code(coda::errc::name_not_resolved), "no servers found in the DNS");
    auto const* const found = mongoc_client_get_uri(client.get());
    std::string hosts;
    for (auto const* h = mongoc_uri_get_hosts(found); h != nullptr; h = h->next)
        hosts += fmt::format("{}{}", hosts.empty() ? "" : ",", h->host_and_port);
    if (hosts.empty()) return error(make_error_code(coda::errc::name_not_resolved), "no servers found in the DNS");
    // The text of a connection string cannot be changed in libmongoc: it is written anew, options and all.
    auto const text = with_servers(mongoc_uri_get_string(uri), hosts);
    uri_handle rewritten(mongoc_uri_new_with_error(text.c_str(), &failed));
    if (!rewritten) return error(make_error_code(coda::errc::name_not_resolved), "the DNS names malformed servers");
    mongoc_uri_set_option_as_bool(rewritten.get(), MONGOC_URI_TLS,
                                  mongoc_uri_get_option_as_bool(found, MONGOC_URI_TLS, true));
    mongoc_uri_set_option_as_bool(rewritten.get(), MONGOC_URI_LOADBALANCED,
                                  mongoc_uri_get_option_as_bool(found, MONGOC_URI_LOADBALANCED, false));
    // One server of which the DNS told may be one of a set.
    if (!mongoc_uri_has_option(uri, MONGOC_URI_DIRECTCONNECTION) &&
        !mongoc_uri_get_option_as_bool(found, MONGOC_URI_LOADBALANCED, false))
        mongoc_uri_set_option_as_bool(rewritten.get(), MONGOC_URI_DIRECTCONNECTION, false);
    if (auto const* const set = mongoc_uri_get_replica_set(found))
        mongoc_uri_set_option_as_utf8(rewritten.get(), MONGOC_URI_REPLICASET, set);
    if (auto const* const source = mongoc_uri_get_auth_source(found))
        mongoc_uri_set_auth_source(rewritten.get(), source);
    ask_for(rewritten.get(), options);
    return rewritten;
}

} // namespace

operation<uri_handle> look_up_servers(std::string text, connection_options options) {
    auto uri = parse_uri(text, options);
    if (uri.has_error()) co_return uri.error();
    if (mongoc_uri_get_srv_hostname(uri->get()) == nullptr) co_return std::move(*uri);
    auto found = co_await as_result(offload(resolver_pool(), &ask_for_servers, std::move(text), options));
    if (found.has_error()) co_return found.error();
    co_return std::move(*found);
}

} // namespace coda::mongo::detail
