// SPDX-License-Identifier: BSL-1.0
// Boost.JSON, compiled here once: no library of it has to be installed.
#include <boost/json/src.hpp>
