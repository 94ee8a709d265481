// SPDX-License-Identifier: BSL-1.0
#include "protocol.hpp"

#include <fmt/format.h>
#include <memcached/error.hpp>

#include <algorithm>
#include <charconv>

namespace memcached::detail {

namespace {

constexpr std::size_t longest_key = 250;
constexpr std::size_t longest_line = 4096; // of a reply; the longest known ones have some hundred bytes
constexpr std::size_t most_stats = 10'000;
constexpr std::size_t reserved_at_most = std::size_t{1} << 20; // what a peer announces is not what it sends

coda::error invalid(std::string message) { return {make_error_code(coda::errc::invalid_argument), std::move(message)}; }

bool is_graphic(char c) noexcept { return static_cast<unsigned char>(c) > ' ' && c != '\x7f'; }

std::string_view take_word(std::string_view& text) noexcept {
    auto const end = text.find(' ');
    auto const word = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return word;
}

template <class T>
bool is_number(std::string_view text, T& value) noexcept {
    auto const parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
}

bool is_error(std::string_view line) noexcept {
    return line == "ERROR" || line.starts_with("ERROR ") || line.starts_with("CLIENT_ERROR") ||
           line.starts_with("SERVER_ERROR");
}

bool is_meta_code(std::string_view line) noexcept {
    auto const code = take_word(line);
    return code == "HD" || code == "EN" || code == "NF" || code == "NS" || code == "EX" || code == "VA";
}

} // namespace

coda::result<> check_key(std::string_view key) {
    if (key.empty() || key.size() > longest_key)
        return invalid(fmt::format("a key must have 1 to {} bytes, not {}", longest_key, key.size()));
    if (!std::ranges::all_of(key, is_graphic)) return invalid("a key must have no blanks and no control characters");
    return {};
}

coda::result<std::int64_t> expiry(coda::duration ttl, std::int64_t now) {
    using namespace std::chrono_literals;
    if (ttl < 0s || ttl > 24h * 36'525) return invalid("the time to live must be 0 to 100 years");
    auto const seconds = std::chrono::ceil<std::chrono::seconds>(ttl);
    return seconds > 30 * 24h ? now + seconds.count() : seconds.count();
}

command get_command(std::string key) {
    auto text = fmt::format("get {}\r\n", key);
    return {verb::get, std::move(key), std::move(text)};
}

command set_command(std::string key, std::string_view value, std::int64_t exptime) {
    auto text = fmt::format("set {} 0 {} {}\r\n{}\r\n", key, exptime, value.size(), value);
    return {verb::set, std::move(key), std::move(text)};
}

command delete_command(std::string key) {
    auto text = fmt::format("delete {}\r\n", key);
    return {verb::del, std::move(key), std::move(text)};
}

command incr_command(std::string key, std::uint64_t by) {
    auto text = fmt::format("incr {} {}\r\n", key, by);
    return {verb::incr, std::move(key), std::move(text)};
}

command incr_command(std::string key, std::uint64_t by, std::uint64_t initial) {
    auto text = fmt::format("ma {} N0 J{} D{} v\r\n", key, initial, by);
    return {verb::meta, std::move(key), std::move(text)};
}

command stats_command() { return {verb::stats, {}, "stats\r\n"}; }

command version_command() { return {verb::version, {}, "version\r\n"}; }

coda::result<command> meta_command(std::string_view verb, std::string key, std::string_view flags) {
    if (verb != "mg" && verb != "md" && verb != "ma") return invalid("a meta command must be mg, md or ma");
    for (auto rest = flags; !rest.empty();) {
        auto const flag = take_word(rest);
        if (!std::ranges::all_of(flag, is_graphic)) return invalid("meta flags must have no control characters");
        if (flag.starts_with('q')) return invalid("the meta flag q would leave the command without a reply");
    }
    if (flags.size() > 1000) return invalid("meta flags must have at most 1000 bytes");
    auto text = fmt::format("{} {} {}\r\n", verb, key, flags);
    return command{detail::verb::meta, std::move(key), std::move(text)};
}

bool answers(reply const& r, command const& c) noexcept {
    if (is_error(r.line)) return true;
    std::uint64_t number = 0;
    switch (c.what) {
    case verb::get: return r.line == "END" && r.stats.empty() && (!r.value || r.key == c.key);
    case verb::set: return r.line == "STORED" || r.line == "NOT_STORED";
    case verb::del: return r.line == "DELETED" || r.line == "NOT_FOUND";
    case verb::incr: return r.line == "NOT_FOUND" || is_number(r.line, number);
    case verb::stats: return r.line == "END" && !r.value;
    case verb::version: return r.line.starts_with("VERSION ");
    case verb::meta: return is_meta_code(r.line);
    }
    return false;
}

std::optional<coda::error> failure_of(reply const& r) {
    if (!is_error(r.line)) return std::nullopt;
    errc code = errc::unknown_command;
    if (r.line.starts_with("CLIENT_ERROR")) code = errc::client_error;
    if (r.line.starts_with("SERVER_ERROR")) code = errc::server_error;
    if (r.line.starts_with("SERVER_ERROR object too large")) code = errc::value_too_large;
    if (r.line.starts_with("SERVER_ERROR out of memory")) code = errc::out_of_memory;
    return coda::error(make_error_code(code), coda::outcome::completed, std::make_shared<server_reply>(r.line));
}

reply_parser::progress reply_parser::feed(std::string_view& bytes) {
    while (!bytes.empty()) {
        bool const whole = part_ == part::line ? take_line(bytes) : take_data(bytes);
        if (!whole && line_.size() > longest_line) return malformed("a line without an end");
        if (!whole) break;
        auto const now = part_ == part::line ? end_line() : end_data();
        if (now != progress::more) return now;
    }
    return progress::more;
}

// True once it is whole, its end included.
bool reply_parser::take_line(std::string_view& bytes) {
    auto const end = bytes.find('\n');
    auto const taken = std::min({end == std::string_view::npos ? bytes.size() : end + 1, longest_line + 1});
    line_.append(bytes.substr(0, taken));
    bytes.remove_prefix(taken);
    return line_.back() == '\n';
}

bool reply_parser::take_data(std::string_view& bytes) {
    auto const taken = std::min(size_ + 2 - data_.size(), bytes.size());
    data_.append(bytes.substr(0, taken));
    bytes.remove_prefix(taken);
    return data_.size() == size_ + 2;
}

reply_parser::progress reply_parser::end_line() {
    // Of one whose end was damaged the next reply would be a part, and each after that another request's.
    if (line_.size() < 3 || line_.find('\r') != line_.size() - 2)
        return malformed("a line that is empty or ends in the wrong way");
    reply_.line.assign(line_, 0, line_.size() - 2);
    line_.clear();
    std::string_view rest = reply_.line;
    auto const word = take_word(rest);
    if (word == "VALUE") return value_line(rest);
    if (word == "STAT") return stat_line(rest);
    if (word == "VA" && !reply_.value && reply_.stats.empty()) return meta_value_line(rest);
    bool const within = reply_.value || !reply_.stats.empty();
    if (within && reply_.line != "END" && !is_error(reply_.line)) return malformed("a reply within another");
    return progress::complete;
}

// VALUE <key> <flags> <bytes>
reply_parser::progress reply_parser::value_line(std::string_view rest) {
    if (reply_.value || !reply_.stats.empty()) return malformed("a second value");
    reply_.key = take_word(rest);
    std::uint32_t flags = 0;
    if (reply_.key.empty() || !is_number(take_word(rest), flags)) return malformed("a malformed VALUE line");
    return begin_data(rest);
}

// VA <bytes> <flags>*
reply_parser::progress reply_parser::meta_value_line(std::string_view rest) { return begin_data(take_word(rest)); }

reply_parser::progress reply_parser::begin_data(std::string_view size) {
    if (!is_number(size, size_)) return malformed("a malformed size of a value");
    if (size_ > largest_value_) return malformed("a value that is larger than largest_value");
    data_.clear();
    data_.reserve(std::min(size_ + 2, reserved_at_most));
    part_ = part::data;
    return progress::more;
}

// What follows a VALUE is END; a VA stands alone.
reply_parser::progress reply_parser::end_data() {
    part_ = part::line;
    if (!data_.ends_with("\r\n")) return malformed("a value that is longer than announced");
    data_.resize(size_);
    reply_.value = std::move(data_);
    data_.clear();
    return reply_.line.starts_with("VA ") ? progress::complete : progress::more;
}

// STAT <name> <value>
reply_parser::progress reply_parser::stat_line(std::string_view rest) {
    if (reply_.value || reply_.stats.size() >= most_stats) return malformed("a STAT line that is not expected");
    auto const name = take_word(rest);
    if (name.empty()) return malformed("a malformed STAT line");
    reply_.stats.emplace_back(name, rest);
    return progress::more;
}

} // namespace memcached::detail
