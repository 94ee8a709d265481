// SPDX-License-Identifier: BSL-1.0
#include "certificates.hpp"

#include "child_process.hpp"
#include "socket.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace coda::test {

namespace {

void openssl(std::string const& folder, std::vector<std::string> words) {
    // With the libraries that it was built with, whatever these tests run with.
    words.insert(words.begin(), {"env", "-u", "LD_LIBRARY_PATH", "openssl"});
    if (child_process("/usr/bin/env", std::move(words), {.log = folder + "/log"}).wait() == 0) return;
    std::ifstream log(folder + "/log");
    throw std::runtime_error("openssl: " + std::string(std::istreambuf_iterator<char>(log), {}));
}

} // namespace

certificate_authority::certificate_authority()
    : folder_(std::filesystem::temp_directory_path() / "coda_certificates_XXXXXX") {
    if (::mkdtemp(folder_.data()) == nullptr) throw_errno("mkdtemp");
    openssl(folder_, {"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
                      "30", "-subj", fmt::format("/CN=authority in {}", folder_.substr(folder_.rfind('/') + 1)),
                      "-keyout", path("authority.key"), "-out", path("authority.pem")});
}

certificate_authority::~certificate_authority() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

void certificate_authority::sign(std::string_view name, std::string_view common_name, std::string_view names, int days,
                                 std::string_view access) const {
    auto const file = [&](std::string_view kind) { return path(fmt::format("{}.{}", name, kind)); };
    std::vector<std::string> request{"req",
                                     "-newkey",
                                     "ec",
                                     "-pkeyopt",
                                     "ec_paramgen_curve:prime256v1",
                                     "-nodes",
                                     "-subj",
                                     fmt::format("/CN={}", common_name),
                                     "-keyout",
                                     file("key"),
                                     "-out",
                                     file("csr")};
    if (!names.empty()) request.insert(request.end(), {"-addext", fmt::format("subjectAltName={}", names)});
    if (!access.empty()) request.insert(request.end(), {"-addext", fmt::format("authorityInfoAccess={}", access)});
    openssl(folder_, std::move(request));
    openssl(folder_,
            {"x509", "-req", "-in", file("csr"), "-CA", path("authority.pem"), "-CAkey", path("authority.key"),
             "-CAcreateserial", "-days", std::to_string(days), "-copy_extensions", "copy", "-out", file("pem")});
}

void certificate_authority::encrypt(std::string_view name, std::string const& password) const {
    auto const key = path(fmt::format("{}.key", name));
    auto const encrypted = key + ".encrypted";
    openssl(folder_, {"pkcs8", "-topk8", "-in", key, "-out", encrypted, "-passout", "pass:" + password});
    std::filesystem::rename(encrypted, key);
}

void certificate_authority::revoke(std::string_view name) const {
    auto const settings = path("revoking.cnf");
    std::ofstream(settings) << "[ca]\ndefault_ca = this\n[this]\ndefault_md = sha256\ndefault_crl_days = 30\n"
                            << "database = " << path("revoked") << '\n';
    std::ofstream(path("revoked"), std::ios::app).close(); // openssl wants it to be there
    auto const as_authority = [&](std::vector<std::string> words) {
        words.insert(words.begin(),
                     {"ca", "-config", settings, "-cert", path("authority.pem"), "-keyfile", path("authority.key")});
        openssl(folder_, std::move(words));
    };
    as_authority({"-revoke", path(fmt::format("{}.pem", name))});
    as_authority({"-gencrl", "-out", path("authority.crl")});
}

std::string certificate_authority::path(std::string_view file) const { return fmt::format("{}/{}", folder_, file); }

std::string certificate_authority::content(std::string_view file) const {
    std::ifstream from(path(file));
    return {std::istreambuf_iterator<char>(from), std::istreambuf_iterator<char>()};
}

} // namespace coda::test
