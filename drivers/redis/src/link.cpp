// SPDX-License-Identifier: BSL-1.0
#include "link.hpp"

#include "framing.hpp"
#include "hiredis.hpp"
#include "line_check.hpp"

#include <boost/system/errc.hpp>
#include <fmt/format.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <limits>

namespace coda::redis::detail {

namespace {

constexpr std::size_t largest_buffer_kept = std::size_t{1} << 20;
constexpr std::size_t longest_framed_here = std::size_t{4} << 10;

// What hiredis is given for a value: it only asks whether there is one, but would look into it as its own type.
redisReply value_stand_in{};

reply_kind text_kind(int type) noexcept {
    if (type == REDIS_REPLY_STATUS) return reply_kind::status;
    return type == REDIS_REPLY_ERROR ? reply_kind::error : reply_kind::string;
}

// Adds a value; without memory for it hiredis gives up the connection.
template <class Add>
void* added(Add add) noexcept {
    try {
        add();
        return &value_stand_in;
    } catch (std::bad_alloc const&) {
        return nullptr;
    }
}

error connection_lost(std::string_view message) noexcept {
    return described(coda::errc::connection_lost, message, outcome::unknown);
}

// An error that answers nothing is why the server ends the connection.
error last_words(std::string_view text) noexcept {
    try {
        return connection_lost(fmt::format("the server said: {}", text));
    } catch (std::bad_alloc const&) {
        return {coda::errc::connection_lost, outcome::unknown};
    }
}

error protocol_error(std::string_view message) noexcept {
    return described(coda::errc::protocol_error, message, outcome::unknown);
}

} // namespace

void free_context::operator()(redisAsyncContext* c) const noexcept { redisAsyncFree(c); }

// What hiredis calls.
struct link::hooks {
    static link& of(redisReadTask const* task) noexcept { return *static_cast<link*>(task->privdata); }

    static void* create_string(redisReadTask const* task, char* text, std::size_t length) noexcept {
        if (!of(task).begin_value(task, {text, length}) || !of(task).is_whole(task, {text, length})) return nullptr;
        return added([&] { of(task).reply_.add_text(text_kind(task->type), {text, length}); });
    }
    static void* create_array(redisReadTask const* task, int elements) noexcept {
        if (!of(task).begin_value(task) || !of(task).follows_line('*', elements)) return nullptr;
        return added([&] { of(task).reply_.add_array(static_cast<std::size_t>(elements)); });
    }
    static void* create_integer(redisReadTask const* task, long long integer) noexcept {
        if (!of(task).begin_value(task) || !of(task).follows_line(':', integer)) return nullptr;
        return added([&] { of(task).reply_.add_integer(integer); });
    }
    static void* create_nil(redisReadTask const* task) noexcept {
        if (!of(task).begin_value(task) || !of(task).is_whole_nil(task)) return nullptr;
        return added([&] { of(task).reply_.add_nil(); });
    }
    static void free_value(void*) noexcept {}

    // Also called, without a reply, for each command that has none when the context is freed.
    static void replied(redisAsyncContext*, void* reply, void* self) noexcept {
        if (reply == nullptr) return;
        auto& l = *static_cast<link*>(self);
        --l.outstanding_;
        l.owner_.on_reply(l.reply_.finish());
    }
    static void cleanup(void* self) noexcept { static_cast<link*>(self)->context_gone(); }

    static redisReplyObjectFunctions functions() noexcept {
        redisReplyObjectFunctions f{};
        f.createString = create_string;
        f.createArray = create_array;
        f.createInteger = create_integer;
        f.createNil = create_nil;
        f.freeObject = free_value;
        return f;
    }
};

link::link(loop& l, context_handle connected, listener& owner) : owner_(owner), context_(connected.get()) {
    static redisReplyObjectFunctions functions = hooks::functions();
    framed_.reserve(longest_framed_here);
    watch_.emplace(
        l, context_->c.fd, [](void* self, readiness r) noexcept { static_cast<link*>(self)->owner_.on_ready(r); },
        this);
    connected.release();
    context_->c.reader->fn = &functions;
    context_->c.reader->privdata = this;
    context_->ev.data = this;
    context_->ev.cleanup = hooks::cleanup;
    watch_->want(readiness::read);
    redisAsyncHandleWrite(context_); // hiredis learns that it is connected
}

error link::failure() const { return failure_ ? *failure_ : error(coda::errc::closed, outcome::unknown); }

void link::close() noexcept {
    if (context_ != nullptr) redisAsyncFree(context_);
}

// hiredis frees the context: its socket is still open here, and its error still there.
void link::context_gone() noexcept {
    watch_.reset();
    redisAsyncContext* const c = std::exchange(context_, nullptr);
    if (failure_ || c->c.err == 0) return;
    switch (c->c.err) {
    case REDIS_ERR_PROTOCOL: failure_ = protocol_error(c->c.errstr); break;
    case REDIS_ERR_OOM:
        failure_ = error(make_error_code(boost::system::errc::not_enough_memory), outcome::unknown);
        break;
    default: failure_ = connection_lost(c->c.errstr); break;
    }
}

// hiredis' own formatting makes a string for each command: for short ones, where that counts, ours is used again.
bool link::append(command_view const& command) noexcept {
    int appended = REDIS_ERR;
    auto const* const last = context_->replies.tail;
    if (framed_size(command) <= longest_framed_here) {
        frame(command, framed_); // has the memory from the start
        appended = redisAsyncFormattedCommand(context_, hooks::replied, this, framed_.data(), framed_.size());
    } else {
        // It does not write to the texts.
        auto const texts = const_cast<char const**>(command.texts);
        auto const count = static_cast<int>(command.count);
        appended = redisAsyncCommandArgv(context_, hooks::replied, this, count, texts, command.lengths);
    }
    // Without memory for the callback hiredis keeps the command all the same, and would miss it at the reply.
    if (appended != REDIS_OK || context_->replies.tail == last) return false;
    ++outstanding_;
    return true;
}

std::size_t link::unwritten() const noexcept { return sdslen(context_->c.obuf) - written_; }

// What is left stays where it is: moving it to the front each time would cost more than the writing.
void link::write() noexcept {
    sds& buffer = context_->c.obuf;
    std::size_t const left = unwritten();
    ssize_t const n = left > 0 ? ::send(context_->c.fd, buffer + written_, left, MSG_NOSIGNAL) : 0;
    if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) return write_failed(errno);
    if (n > 0) written_ += static_cast<std::size_t>(n);
    if (unwritten() > 0) return watch_->want(readiness::both);
    watch_->want(readiness::read);
    written_ = 0;
    sds const smaller = sdsalloc(buffer) > largest_buffer_kept ? sdsempty() : nullptr;
    if (smaller == nullptr) return sdsclear(buffer);
    sdsfree(buffer);
    buffer = smaller;
}

// What the server said before it went may still be there to read.
void link::write_failed(int why) noexcept {
    read();
    if (context_ == nullptr) return;
    failure_ = connection_lost(std::strerror(why));
    close();
}

void link::read() noexcept {
    if (outstanding_ == 0) return look_at_unexpected();
    redisAsyncHandleRead(context_);
    if (context_ != nullptr && outstanding_ == 0) look_at_rest();
}

// Behind the last reply that was asked for, hiredis may have read the beginning of another. The next command must not
// take it for its own.
void link::look_at_rest() noexcept {
    redisReader const& r = *context_->c.reader;
    bool const has_begun = r.ridx >= 0 && r.rstack[0].type >= 0; // its first byte is taken already
    if (r.pos >= r.len && !has_begun) return;
    std::string_view const rest(r.buf + r.pos, r.len - r.pos);
    failure_ = rest.starts_with('-') ? last_words(rest.substr(1)) : protocol_error("a reply that nobody asked for");
    close();
}

// Nothing was asked, so that this is the end of the stream, or the server's reason for ending it. hiredis would abort
// the program if it were anything else.
void link::look_at_unexpected() noexcept {
    char text[256];
    ssize_t const n = ::recv(context_->c.fd, text, sizeof text, MSG_PEEK | MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
    if (n < 0) {
        failure_ = connection_lost(std::strerror(errno));
    } else if (n == 0) {
        failure_ = connection_lost("the server closed the connection");
    } else if (text[0] == '-') {
        std::string_view const line(text + 1, static_cast<std::size_t>(n) - 1);
        failure_ = last_words(line.substr(0, line.find('\r')));
    } else {
        failure_ = protocol_error("a reply that nobody asked for");
    }
    close();
}

// Before each value: the first of a reply starts it. Without a command to answer it is refused, which ends hiredis'
// parsing.
bool link::begin_value(redisReadTask const* task, std::string_view text) noexcept {
    if (task->parent != nullptr) return true;
    reply_.begin();
    if (outstanding_ > 0) return true;
    failure_ = task->type == REDIS_REPLY_ERROR ? last_words(text) : protocol_error("a reply that nobody asked for");
    return false;
}

// A string and its line have been read together, and all of it is still in the buffer, its line end included.
bool link::is_whole(redisReadTask const* task, std::string_view text) noexcept {
    if (task->type != REDIS_REPLY_STRING) return is_one_line(text) || malformed();
    char const* const begin = context_->c.reader->buf;
    std::string_view const before(begin, static_cast<std::size_t>(text.data() - begin));
    bool const ends = text.data()[text.size()] == '\r' && text.data()[text.size() + 1] == '\n';
    return (ends && ends_with_line(before, '$', static_cast<long long>(text.size()))) || malformed();
}

// hiredis has moved on behind the line of an array or an integer.
bool link::follows_line(char kind, long long number) noexcept {
    redisReader const& r = *context_->c.reader;
    return ends_with_line({r.buf, r.pos}, kind, number) || malformed();
}

// ... but not behind that of a string that is nil.
bool link::is_whole_nil(redisReadTask const* task) noexcept {
    redisReader const& r = *context_->c.reader;
    if (task->type != REDIS_REPLY_STRING) return follows_line('*', -1);
    return std::string_view(r.buf + r.pos, r.len - r.pos).starts_with("-1\r\n") || malformed();
}

bool link::malformed() noexcept {
    failure_ = protocol_error("a malformed line");
    return false;
}

} // namespace coda::redis::detail
