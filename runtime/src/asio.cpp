// SPDX-License-Identifier: BSL-1.0
// Boost.Asio, compiled once for all.
#include <boost/asio/impl/src.hpp>
