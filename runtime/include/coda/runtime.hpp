// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The runtime: tasks, loops, cancellation, deadlines, and what coroutines coordinate with. No Asio in here: the bridge
/// to it is <coda/runtime/asio.hpp>.
#include <coda/runtime/asio_loop.hpp>
#include <coda/runtime/cancellation.hpp>
#include <coda/runtime/channel.hpp>
#include <coda/runtime/deadline.hpp>
#include <coda/runtime/dial.hpp>
#include <coda/runtime/error.hpp>
#include <coda/runtime/event.hpp>
#include <coda/runtime/fiber.hpp>
#include <coda/runtime/histogram.hpp>
#include <coda/runtime/latch.hpp>
#include <coda/runtime/loop_group.hpp>
#include <coda/runtime/mutex.hpp>
#include <coda/runtime/offload.hpp>
#include <coda/runtime/operation.hpp>
#include <coda/runtime/resolve.hpp>
#include <coda/runtime/run.hpp>
#include <coda/runtime/scope.hpp>
#include <coda/runtime/semaphore.hpp>
#include <coda/runtime/sleep.hpp>
#include <coda/runtime/stream.hpp>
#include <coda/runtime/task.hpp>
#include <coda/runtime/this_context.hpp>
#include <coda/runtime/when_all.hpp>
#include <coda/runtime/when_any.hpp>

#ifdef CODA_HAS_LIBEV
#include <coda/runtime/ev_loop.hpp>
#endif
