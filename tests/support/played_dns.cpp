// SPDX-License-Identifier: BSL-1.0
#include "played_dns.hpp"

#include <arpa/nameser.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>

namespace coda::test {

namespace {

std::atomic<played_dns*> playing = nullptr;

// Apart from the one that plays, which they outlive.
std::mutex silence;
std::condition_variable silence_ends;
std::set<std::string, std::less<>> silent_hosts;

std::string number(std::size_t n) { return {static_cast<char>(n >> 8), static_cast<char>(n)}; }

// "a.bc" as 1 a 2 b c 0.
std::string encoded(std::string_view name) {
    std::string all;
    while (!name.empty()) {
        auto const label = name.substr(0, name.find('.'));
        all += static_cast<char>(label.size());
        all += label;
        name.remove_prefix(std::min(name.size(), label.size() + 1));
    }
    return all + '\0';
}

} // namespace

played_dns::played_dns() { playing = this; }
played_dns::~played_dns() {
    playing = nullptr;
    std::scoped_lock const lock(silence);
    silent_hosts.clear();
    silence_ends.notify_all();
}

void played_dns::add_server(std::string const& service, std::string const& host, std::uint16_t port) {
    add("_mongodb._tcp." + service, ns_t_srv, number(0) + number(0) + number(port) + encoded(host));
    hosts_[host] = {"127.0.0.1"};
}

void played_dns::add_host(std::string const& host, std::vector<std::string> addresses) {
    hosts_[host] = std::move(addresses);
}

void played_dns::set_options(std::string const& service, std::string const& options) {
    known_.erase({service, ns_t_txt});
    add(service, ns_t_txt, static_cast<char>(options.size()) + options);
}

void played_dns::add_silent(std::string const& host) {
    std::scoped_lock const lock(silence);
    silent_hosts.insert(host);
}

bool played_dns::was_silent(char const* name) {
    std::unique_lock lock(silence);
    if (name == nullptr || !silent_hosts.contains(name)) return false;
    silence_ends.wait(lock, [&] { return !silent_hosts.contains(name); });
    return true;
}

// RFC 1035, 4.1.3; the name is the one in the question, 12 bytes from the beginning.
void played_dns::add(std::string const& name, int type, std::string const& data) {
    auto& all = known_[{name, type}];
    all.records += number(0xc00c) + number(static_cast<std::size_t>(type)) + number(ns_c_in) + number(0) + number(60) +
                   number(data.size()) + data;
    ++all.count;
}

std::vector<std::string> played_dns::addresses_of(char const* name) {
    auto const* const self = playing.load();
    if (self == nullptr || name == nullptr) return {};
    auto const found = self->hosts_.find(std::string_view(name));
    return found != self->hosts_.end() ? found->second : std::vector<std::string>();
}

int played_dns::answer(char const* name, int type, std::span<unsigned char> to) {
    auto const* const self = playing.load();
    if (self == nullptr) return -1;
    auto const found = self->known_.find({name, type});
    if (found == self->known_.end()) return -1;
    auto const message = number(1) + number(0x8180) + number(1) + number(found->second.count) + number(0) + number(0) +
                         encoded(name) + number(static_cast<std::size_t>(type)) + number(ns_c_in) +
                         found->second.records;
    std::copy_n(message.begin(), std::min(message.size(), to.size()), to.begin());
    return static_cast<int>(message.size());
}

} // namespace coda::test
