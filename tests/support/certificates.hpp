// SPDX-License-Identifier: BSL-1.0
// Certificates for tests of TLS.
#pragma once

#include <string>
#include <string_view>

namespace coda::test {

/// An authority of one test's own, and what it has signed, as files in a folder that goes with this object. What fails
/// throws std::runtime_error.
class certificate_authority {
public:
    certificate_authority();
    ~certificate_authority();
    certificate_authority(certificate_authority const&) = delete;
    certificate_authority& operator=(certificate_authority const&) = delete;

    /// Makes <name>.pem and <name>.key: for the subject `common_name` and, of a server, for `names`
    /// ("DNS:localhost,IP:127.0.0.1"). `days` from now it is not good any more; negative: it never was. `access`: where
    /// there is more about it ("OCSP;URI:http://127.0.0.1:80").
    void sign(std::string_view name, std::string_view common_name, std::string_view names = {}, int days = 30,
              std::string_view access = {}) const;

    /// Encrypts such a key with a password, in its place.
    void encrypt(std::string_view name, std::string const& password) const;
    /// Takes back such a certificate: authority.crl is the list of all that were.
    void revoke(std::string_view name) const;

    /// The path of such a file; "authority.pem" is what to trust.
    std::string path(std::string_view file) const;
    /// What is in it.
    std::string content(std::string_view file) const;

private:
    std::string folder_;
};

} // namespace coda::test
