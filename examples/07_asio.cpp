// SPDX-License-Identifier: BSL-1.0
// In a program that is Asio's: a TCP server of asio::awaitable whose answers come from the database, and Asio's own
// operations inside a task.
#include "database.hpp"

#include <coda/postgres.hpp>
#include <coda/runtime.hpp>
#include <coda/runtime/asio.hpp>

#include <boost/asio.hpp>
#include <fmt/format.h>

namespace asio = boost::asio;
using asio::ip::tcp;

// Asio's side: coda's tasks are awaited as any Asio operation.
asio::awaitable<void> serve_one(tcp::acceptor& acceptor, coda::pg::client& db) {
    tcp::socket client = co_await acceptor.async_accept(asio::use_awaitable);
    std::string name;
    co_await asio::async_read_until(client, asio::dynamic_buffer(name), '\n', asio::use_awaitable);
    name.pop_back();
    std::string const answer = co_await coda::co_spawn(
        client.get_executor(), db.query_one<std::string>("select 'hello, ' || $1 || E'\\n'", name),
        asio::use_awaitable);
    co_await asio::async_write(client, asio::buffer(answer), asio::use_awaitable);
}

// coda's side: Asio's operations are awaited by a token.
coda::task<std::string> greet(asio::io_context& io, tcp::endpoint server) {
    tcp::socket socket(io);
    co_await socket.async_connect(server, coda::use_task);
    co_await asio::async_write(socket, asio::buffer("world\n", 6), coda::use_task);
    std::string answer;
    co_await asio::async_read_until(socket, asio::dynamic_buffer(answer), '\n', coda::use_task);
    co_return answer;
}

int main(int argc, char** argv) {
    asio::io_context io;
    coda::pg::client db(coda::loop_of(io), database(argc, argv));
    tcp::acceptor acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));

    asio::co_spawn(io, serve_one(acceptor, db), asio::detached);
    coda::co_spawn(io, greet(io, acceptor.local_endpoint()), [&](std::exception_ptr failure, std::string answer) {
        if (failure) std::rethrow_exception(failure);
        fmt::print("{}", answer);
        io.stop();
    });
    io.run();
}
