// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The bridge to Boost.Asio, both ways: `use_task` awaits any Asio operation inside a task; `co_spawn` runs a task from
/// Asio with any completion token.
#include <coda/runtime/co_spawn.hpp>
#include <coda/runtime/use_task.hpp>
