# SPDX-License-Identifier: BSL-1.0
# How our own targets are compiled. Nothing here reaches a project that uses coda.

set(CMAKE_CXX_EXTENSIONS OFF)

if(PROJECT_IS_TOP_LEVEL)
    set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
    set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
    if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
        set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Build type" FORCE)
    endif()

    find_program(CODA_CCACHE ccache)
    if(CODA_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
        # Without this sloppiness ccache declines whatever uses a precompiled header.
        set(CMAKE_CXX_COMPILER_LAUNCHER env
            "CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime" "${CODA_CCACHE}")
        if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
            set(coda_pch_options -Xclang -fno-pch-timestamp)
        else()
            set(coda_pch_options -fpch-preprocess)
        endif()
    endif()

    if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
        string(REGEX MATCH "^[0-9]+" coda_clang_major "${CMAKE_CXX_COMPILER_VERSION}")
        find_program(CODA_LLD NAMES ld.lld-${coda_clang_major})
        if(CODA_LLD)
            add_link_options("--ld-path=${CODA_LLD}")
        endif()
    endif()
endif()

# Language level and warnings of one target.
function(coda_compile_options target)
    target_compile_features(${target} PRIVATE cxx_std_20)
    target_compile_options(${target} PRIVATE
        -Wall -Wextra -Wpedantic -Wshadow -Wconversion
        $<$<BOOL:${CODA_WERROR}>:-Werror> ${coda_pch_options})
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        # A symmetric transfer that is not a tail call overflows the stack: g++ makes it one only from -O2 on.
        target_compile_options(${target} PRIVATE -foptimize-sibling-calls)
        # It takes what has no name in a source for a header's when sources are compiled together.
        target_compile_options(${target} PRIVATE $<$<BOOL:$<TARGET_PROPERTY:UNITY_BUILD>>:-Wno-subobject-linkage>)
    endif()
endfunction()
