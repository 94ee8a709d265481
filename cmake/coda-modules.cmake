# SPDX-License-Identifier: BSL-1.0
# What a module of coda is: a folder with include/coda/, src/ and a CMakeLists.txt that calls coda_add_module.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(coda_config_dir "${CMAKE_INSTALL_LIBDIR}/cmake/coda")

# coda_add_module(<name> [MODULES <coda modules below it>] [PUBLIC <targets>] [PRIVATE <targets>]
#                 [DEFINITIONS <public macros>] [EXCLUDE <regex of files to leave out>])
#
# Defines the target coda_<name>, known as coda::<name> here and after an installation.
# CONFIGURE_DEPENDS: a file that is added or removed counts with the next build, and no list of files has to be kept
# in step by everyone who adds one.
function(coda_add_module name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "EXCLUDE" "MODULES;PUBLIC;PRIVATE;DEFINITIONS")
    file(GLOB sources CONFIGURE_DEPENDS src/*.cpp)
    file(GLOB_RECURSE headers CONFIGURE_DEPENDS include/*.hpp)
    if(arg_EXCLUDE)
        list(FILTER sources EXCLUDE REGEX "${arg_EXCLUDE}")
        list(FILTER headers EXCLUDE REGEX "${arg_EXCLUDE}")
    endif()

    set(target coda_${name})
    if(sources)
        add_library(${target} ${sources})
        set(public PUBLIC)
        target_include_directories(${target} PRIVATE src)
        target_link_libraries(${target} PRIVATE ${arg_PRIVATE})
        coda_compile_options(${target})
        target_compile_options(${target} PRIVATE -Wsign-conversion)
        if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
            # What g++ 12 makes of coroutines is tested as users get it: of each source by itself.
            set_target_properties(${target} PROPERTIES UNITY_BUILD OFF)
        endif()
        set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
        coda_precompile(${target})
    else()
        add_library(${target} INTERFACE)
        set(public INTERFACE)
    endif()
    add_library(coda::${name} ALIAS ${target})
    list(TRANSFORM arg_MODULES PREPEND coda_ OUTPUT_VARIABLE below)
    target_sources(${target} ${public} FILE_SET HEADERS BASE_DIRS include FILES ${headers})
    target_link_libraries(${target} ${public} ${below} ${arg_PUBLIC})
    target_compile_definitions(${target} ${public} ${arg_DEFINITIONS})
    target_compile_features(${target} ${public} cxx_std_20)
    # Builds each public header on its own: target all_verify_interface_header_sets.
    set_target_properties(${target} PROPERTIES
        EXPORT_NAME ${name} VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
        VERIFY_INTERFACE_HEADER_SETS ${PROJECT_IS_TOP_LEVEL})
    set_property(GLOBAL APPEND PROPERTY CODA_MODULES ${name})
    if(CODA_INSTALL)
        coda_install_module(${name} "${arg_MODULES}")
    endif()
endfunction()

# What nearly every source includes is parsed once for all modules. Without tests it is not: then every source is seen to
# include what it uses.
function(coda_precompile target)
    if(NOT PROJECT_IS_TOP_LEVEL OR NOT CODA_TESTS)
        return()
    endif()
    if(NOT TARGET coda_pch)
        file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/pch.cpp" CONTENT "// SPDX-License-Identifier: BSL-1.0\n")
        add_library(coda_pch OBJECT "${PROJECT_BINARY_DIR}/pch.cpp")
        set_target_properties(coda_pch PROPERTIES POSITION_INDEPENDENT_CODE ON)
        target_link_libraries(coda_pch PRIVATE Boost::headers fmt::fmt)
        target_precompile_headers(coda_pch PRIVATE
            <algorithm> <array> <cassert> <charconv> <chrono> <concepts> <coroutine> <cstdint> <cstring> <functional>
            <memory> <mutex> <optional> <span> <string> <string_view> <tuple> <type_traits> <utility> <vector>
            <boost/system/system_error.hpp> <fmt/format.h>)
        coda_compile_options(coda_pch)
    endif()
    target_precompile_headers(${target} REUSE_FROM coda_pch)
endfunction()

# Installs a module and coda-<name>.cmake, which finds what it needs and then defines its target.
function(coda_install_module name modules)
    set(content "${coda_find_dependencies}")
    foreach(module IN LISTS modules)
        string(APPEND content "include(\"\${CMAKE_CURRENT_LIST_DIR}/coda-${module}.cmake\")\n")
    endforeach()
    string(APPEND content "include(\"\${CMAKE_CURRENT_LIST_DIR}/coda-${name}-targets.cmake\")\n")
    file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/package/coda-${name}.cmake" CONTENT "${content}" @ONLY)

    install(TARGETS coda_${name} EXPORT coda-${name} FILE_SET HEADERS)
    install(EXPORT coda-${name} NAMESPACE coda:: FILE coda-${name}-targets.cmake DESTINATION "${coda_config_dir}")
    install(FILES "${PROJECT_BINARY_DIR}/package/coda-${name}.cmake" DESTINATION "${coda_config_dir}")
endfunction()

# coda_add_driver(<name>): the driver in drivers/<name>, with the option CODA_<NAME> to leave it out. The option exists
# only where the folder does, so that a build tree made before the driver came does not remember it as switched off.
function(coda_add_driver name)
    string(TOUPPER "CODA_${name}" option)
    if(EXISTS "${PROJECT_SOURCE_DIR}/drivers/${name}/CMakeLists.txt")
        option(${option} "The ${name} driver" ON)
        if(${option})
            add_subdirectory(drivers/${name})
        endif()
    elseif(${option})
        message(FATAL_ERROR "${option} is on, but there is no folder drivers/${name}")
    endif()
endfunction()

# coda_has_headers_of(<source> <out>): whether all that a source includes of coda is being built, so that what uses a
# part that was switched off is left out by itself.
function(coda_has_headers_of source out)
    set(built TRUE)
    file(STRINGS "${source}" includes REGEX "^#include <coda/")
    foreach(include IN LISTS includes)
        string(REGEX MATCH "<coda/([a-z0-9_]+)[./]" module "${include}")
        set(module "${CMAKE_MATCH_1}")
        if(NOT TARGET coda_${module} OR (include MATCHES "/ev_[a-z_]+\\.hpp>" AND NOT CODA_LIBEV))
            set(built FALSE)
        endif()
    endforeach()
    set(${out} ${built} PARENT_SCOPE)
endfunction()

# coda::coda is everything that was built; the package's configuration is everything that was installed.
function(coda_add_umbrella)
    get_property(modules GLOBAL PROPERTY CODA_MODULES)
    list(TRANSFORM modules PREPEND coda_ OUTPUT_VARIABLE targets)
    add_library(coda_coda INTERFACE)
    add_library(coda::coda ALIAS coda_coda)
    target_link_libraries(coda_coda INTERFACE ${targets})
    set_target_properties(coda_coda PROPERTIES EXPORT_NAME coda)
    if(NOT CODA_INSTALL)
        return()
    endif()
    set(CODA_MODULES "${modules}")
    configure_package_config_file(cmake/coda-config.cmake.in "${PROJECT_BINARY_DIR}/package/coda-config.cmake"
        INSTALL_DESTINATION "${coda_config_dir}" NO_CHECK_REQUIRED_COMPONENTS_MACRO)
    # Before 1.0 each minor version may change the interface.
    write_basic_package_version_file("${PROJECT_BINARY_DIR}/package/coda-config-version.cmake"
        COMPATIBILITY SameMinorVersion)
    install(FILES "${PROJECT_BINARY_DIR}/package/coda-config.cmake"
        "${PROJECT_BINARY_DIR}/package/coda-config-version.cmake"
        cmake/FindLibev.cmake cmake/FindHiredis.cmake DESTINATION "${coda_config_dir}")
    install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}")
endfunction()
