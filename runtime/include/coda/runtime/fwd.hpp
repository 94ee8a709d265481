// SPDX-License-Identifier: BSL-1.0
#pragma once

// Names of the runtime, for headers that only mention them.
namespace coda {

class cancel_callback;
class cancel_source;
class cancel_token;
class error;
class exception;
class fd_watch;
class loop;
class timer;
struct context;

template <class T = void>
class task;
template <class T = void>
class operation;

} // namespace coda
