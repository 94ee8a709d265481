// SPDX-License-Identifier: BSL-1.0
// Boost.JSON is compiled in here: its own package cannot be installed beside an older Boost.
#include <boost/json/src.hpp>
