// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace coda::test {

/// How many TCP packets with data the sockets that this process has open now have sent.
[[nodiscard]] unsigned packets_sent();

} // namespace coda::test
