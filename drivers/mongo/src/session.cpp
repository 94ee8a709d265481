// SPDX-License-Identifier: BSL-1.0
#include "session.hpp"

#include "bson_native.hpp"
#include "dialling.hpp"
#include "server_reply.hpp"

#include <coda/mongo/bson/builder.hpp>
#include <coda/mongo/error.hpp>
#include <coda/runtime/deadline.hpp>

#include <algorithm>

namespace coda::mongo::detail {

namespace {

// A reply, which libmongoc initialises, whether a command succeeds or not. Sound from the start nevertheless.
class owned_reply {
public:
    owned_reply() = default;
    owned_reply(owned_reply const&) = delete;
    owned_reply& operator=(owned_reply const&) = delete;
    ~owned_reply() { bson_destroy(&bson_); }
    bson_t* get() noexcept { return &bson_; }
    bson_t const& operator*() const noexcept { return bson_; }
    result<bson::document> take() {
        auto taken = bson::take(bson_);
        bson_init(&bson_);
        return taken;
    }

private:
    bson_t bson_ = BSON_INITIALIZER;
};

// The number by which one client of libmongoc's knows a server; it has others in other clients.
using server_number = std::uint32_t;
constexpr server_number any_server = 0;

// Options of a command for libmongoc. It puts into it the time that is left until the deadline, rounded up, so that the
// server is not the first to give up by its clock's coarseness.
class command_options {
public:
    command_options(time_limit limit, context const& ctx, server_number server) {
        if (limit == time_limit::sent && ctx.deadline != no_deadline) {
            auto const left = std::chrono::ceil<std::chrono::milliseconds>(ctx.deadline - ctx.loop->now()).count();
            bson_append_int64(&bson_, "maxTimeMS", -1, std::max<std::int64_t>(left, 1));
            given_ = true;
        }
        if (server != any_server) {
            bson_append_int32(&bson_, "serverId", -1, static_cast<std::int32_t>(server));
            given_ = true;
        }
    }
    command_options(command_options const&) = delete;
    command_options& operator=(command_options const&) = delete;
    ~command_options() { bson_destroy(&bson_); }
    bson_t const* get() const noexcept { return given_ ? &bson_ : nullptr; }

private:
    bson_t bson_ = BSON_INITIALIZER;
    bool given_ = false;
};

// After these libmongoc would look for another server with the next command, and sleep before it does (Server Discovery
// And Monitoring, "not writable primary" and "node is recovering").
bool is_about_the_topology(error_code const& code) noexcept {
    static constexpr int codes[] = {91, 189, 10058, 10107, 11600, 11602, 13435, 13436};
    return code.category() == server_category() && std::ranges::find(codes, code.value()) != std::end(codes);
}

// One server, whatever it is (Server Discovery And Monitoring, topology type Single), takes what it is sent.
bool is_one_of_several(mongoc_uri_t const* uri) {
    if (mongoc_uri_get_replica_set(uri) != nullptr || mongoc_uri_get_hosts(uri)->next != nullptr) return true;
    return !mongoc_uri_get_option_as_bool(uri, MONGOC_URI_DIRECTCONNECTION, true);
}

// The first of the servers that the client knows for which `is_it(description)` holds; any_server where there is none.
template <class F>
server_number find_server(mongoc_client_t* client, F is_it) {
    std::size_t count = 0;
    auto** const all = mongoc_client_get_server_descriptions(client, &count);
    auto** const found = std::find_if(all, all + count, is_it);
    auto const number = found != all + count ? mongoc_server_description_id(*found) : any_server;
    mongoc_server_descriptions_destroy_all(all, count);
    return number;
}

// One that takes writes.
bool knows_a_primary(mongoc_client_t* client) {
    return find_server(client, [](mongoc_server_description_t const* server) {
               std::string_view const type = mongoc_server_description_type(server);
               return type == "RSPrimary" || type == "Mongos" || type == "Standalone" || type == "LoadBalancer";
           }) != any_server;
}

// The one of that name, where it was there when it was last looked for.
server_number number_of(mongoc_client_t* client, std::string_view name) {
    return find_server(client, [name](mongoc_server_description_t const* server) {
        std::string_view const type = mongoc_server_description_type(server);
        return name == mongoc_server_description_host(server)->host_and_port && type != "Unknown" &&
               type != "PossiblePrimary";
    });
}

// libmongoc would take what comes before a zero byte for the name. What else a name must not have, the server says.
result<> check_database(std::string const& name) {
    if (!name.empty() && name.find('\0') == name.npos) return {};
    return error(make_error_code(coda::errc::invalid_argument),
                 name.empty() ? "a database's name must not be empty" : "a database's name must not hold a zero byte");
}

// Each kind has a function of libmongoc's.
bool send(mongoc_client_t* client, command const& c, bson_t const* opts, bson_t* reply, bson_error_t& failed) {
    auto const body = native(c.body);
    char const* const db = c.database.c_str();
    switch (c.kind) {
    case command_kind::read:
        return mongoc_client_read_command_with_opts(client, db, &body, nullptr, opts, reply, &failed);
    case command_kind::write: return mongoc_client_write_command_with_opts(client, db, &body, opts, reply, &failed);
    case command_kind::plain: return mongoc_client_command_with_opts(client, db, &body, nullptr, opts, reply, &failed);
    case command_kind::ask: break;
    }
    auto const* const prefs = mongoc_client_get_read_prefs(client);
    return mongoc_client_command_with_opts(client, db, &body, prefs, opts, reply, &failed);
}

// Of a login, which comes before the command: libmongoc logs in when it first uses a connection.
bool is_of_the_login(bson_error_t const& e) noexcept {
    return (e.domain == MONGOC_ERROR_CLIENT && e.code == MONGOC_ERROR_CLIENT_AUTHENTICATE) ||
           e.domain == MONGOC_ERROR_SCRAM || e.domain == MONGOC_ERROR_SASL;
}

error why_not_connected(bson_error_t const& e) {
    return {make_error_code(is_of_the_login(e) ? errc::authentication_failed : errc::connect_failed), e.message};
}

bool goes_by_preference(command_kind k) noexcept { return k == command_kind::read || k == command_kind::ask; }

operation<bson::document> refused(error why) { co_return why; }

} // namespace

session::session(loop& l, connection_options const& options)
    : options_(options), stacks_({.stack_size = options.stack_size, .max_idle = 1}), wire_(l) {}

// Without good-byes, which cannot wait for anything any more: on its way to send them libmongoc would look for a server
// that it has lost, and sleep before it does. So it forgets its sessions; the server does after half an hour.
session::~session() {
    if (client_) mongoc_client_reset(client_.get());
}

template <class F>
auto session::with_client(F f) -> operation<typename coda::detail::fiber_value<std::invoke_result_t<F&>>::type> {
    auto const turn = co_await as_result(turn_.lock());
    if (turn.has_error()) co_return turn.error();
    if (wire_.is_shut()) co_return why_lost();
    // Sending does not wait, so it would not notice.
    context const& ctx = co_await this_context();
    if (ctx.cancel.requested()) co_return error(ctx.cancel.reason());
    auto const on_the_fiber = [&](fiber& on) {
        wire::use const used(wire_, on);
        return f();
    };
    auto done = co_await as_result(with_cancellation(aborted_.token(), on_fiber(stacks_, on_the_fiber)));
    co_return std::move(done);
}

operation<> session::open(uri_handle uri) {
    auto const open_it = [&] { return open_now(uri.get()); };
    auto const opened = co_await as_result(with_client(open_it));
    if (opened.has_error()) {
        wire_.shut(opened.error());
        co_return opened.error();
    }
    co_return result<>();
}

result<> session::open_now(mongoc_uri_t const* uri) {
    bson_error_t failed{};
    client_.reset(mongoc_client_new_from_uri_with_error(uri, &failed));
    if (client_ == nullptr) return error(make_error_code(errc::connect_failed), failed.message);
    mongoc_client_set_error_api(client_.get(), MONGOC_ERROR_API_VERSION_2);
    mongoc_client_set_stream_initiator(client_.get(), &dial, &wire_);
    auto const* const prefs = mongoc_uri_get_read_prefs_t(uri);
    several_ = is_one_of_several(uri);
    may_lack_primary_ = several_ && mongoc_read_prefs_get_mode(prefs) != MONGOC_READ_PRIMARY;
    command const ping("admin", bson::doc("ping", 1), command_kind::ask);
    owned_reply reply;
    if (send(client_.get(), ping, nullptr, reply.get(), failed)) return {};
    return no_server(why_not_connected(failed));
}

operation<bson::document> session::run(command c) {
    if (auto const named = check_database(c.database); named.has_error()) return refused(named.error());
    auto run_it = [this, c = std::move(c)]() mutable { return run_now(c); };
    return with_client(std::move(run_it));
}

result<bson::document> session::run_now(command& c) {
    // libmongoc would sleep before it looks for a primary anew.
    if (may_lack_primary_ && !goes_by_preference(c.kind) && !knows_a_primary(client_.get()))
        return no_server({make_error_code(errc::connect_failed), "no primary"});
    auto const server = c.server.empty() ? any_server : number_of(client_.get(), c.server);
    if (server == any_server && !c.server.empty())
        return error(make_error_code(coda::errc::connection_lost), "the only server that can answer has gone");
    command_options const options(c.limit, wire_.on().ctx(), server);
    owned_reply reply;
    bson_error_t failed{};
    bool const succeeded = send(client_.get(), c, options.get(), reply.get(), failed);
    bool const answered = bson_has_field(reply.get(), "ok");
    if (!succeeded && (failed.domain == MONGOC_ERROR_SERVER_SELECTION || is_of_the_login(failed)))
        return no_server(why_not_connected(failed));
    if (!succeeded && !answered) {
        error const why = io_failure({make_error_code(errc::client_failure), failed.message});
        if (why.outcome() == outcome::not_sent && why.code() == errc::client_failure) return why;
        wire_.shut(error(coda::errc::connection_lost)); // what ended this one need not be what the next is told
        return why;
    }
    auto const words = bson::checked(*reply);
    if (words.has_error()) return error(words.error()).with_outcome(outcome::completed);
    if (auto const refused = failure_in(*words)) {
        if (is_about_the_topology(refused->code())) wire_.shut(error(coda::errc::connection_lost));
        return *refused;
    }
    return reply.take();
}

// The command was not sent. What the client knows of its servers is out of date.
error session::no_server(error otherwise) {
    error const why = wire_.failure().code().failed() ? wire_.failure() : std::move(otherwise);
    wire_.shut(error(coda::errc::connection_lost));
    return why.with_outcome(outcome::not_sent);
}

// libmongoc words what happened below it in its own way: what happened is in the wire.
error session::io_failure(error otherwise) const {
    if (wire_.bytes_written() == 0)
        return (wire_.failure().code().failed() ? wire_.failure() : otherwise).with_outcome(outcome::not_sent);
    if (wire_.failure().code().failed()) return wire_.failure().with_outcome(outcome::unknown);
    // It came through, and libmongoc could not read it.
    return {make_error_code(coda::errc::protocol_error), otherwise.message(), outcome::unknown};
}

operation<> session::close() {
    // libmongoc ends its sessions on the server when it goes. Whoever waits for his turn finds the wire shut, even if
    // this here is destroyed meanwhile.
    auto const go = [&] {
        client_.reset();
        wire_.shut(error(coda::errc::closed));
        return result<>();
    };
    static_cast<void>(co_await as_result(with_client(go)));
    abort();
    co_return result<>();
}

void session::abort() noexcept {
    wire_.shut(error(coda::errc::closed));
    aborted_.request(coda::errc::closed);
}

error session::why_lost() const { return wire_.why_shut().with_outcome(outcome::not_sent); }

} // namespace coda::mongo::detail
