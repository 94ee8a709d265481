# SPDX-License-Identifier: BSL-1.0
# Finding what coda stands on.

# A library that one module links must be visible to whoever links that module.
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)

# scripts/setup unpacks Boost here on machines whose own Boost is too old and must stay.
set(coda_private_boost "${PROJECT_SOURCE_DIR}/build/deps/boost/usr")
if(EXISTS "${coda_private_boost}/include/boost/version.hpp")
    list(PREPEND CMAKE_PREFIX_PATH "${coda_private_boost}")
endif()

# coda_require(<package> <debian package> [find_package arguments...])
macro(coda_require package debian)
    find_package(${package} ${ARGN} QUIET)
    if(NOT ${package}_FOUND)
        string(REGEX MATCH "^[0-9.]+" coda_least_version "${ARGN}")
        message(FATAL_ERROR
            "${package} ${coda_least_version} not found: apt-get install ${debian} (or run scripts/setup)")
    endif()
endmacro()

# The same, for a library that users of an installed module need as well. The call is noted for
# coda_add_module, which writes it into the package's configuration.
macro(coda_require_public package debian)
    coda_require(${package} ${debian} ${ARGN})
    string(JOIN " " coda_find_arguments ${package} ${ARGN})
    string(APPEND coda_find_dependencies "find_dependency(${coda_find_arguments})\n")
endmacro()
