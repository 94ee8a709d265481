# SPDX-License-Identifier: BSL-1.0
# coda_bench_embed(<variable> <folder>): sets the variable to a source file that defines the report's page, style and
# script as strings. It is written anew by the build when one of them changes.
set(coda_bench_embed_script "${CMAKE_CURRENT_LIST_FILE}")

function(coda_bench_embed variable folder)
    set(output "${CMAKE_CURRENT_BINARY_DIR}/page.cpp")
    set(inputs "${folder}/page.html" "${folder}/page.css" "${folder}/page.js")
    add_custom_command(OUTPUT "${output}" VERBATIM
        DEPENDS ${inputs} "${coda_bench_embed_script}"
        COMMAND "${CMAKE_COMMAND}" "-Doutput=${output}" "-Dinputs=${inputs}" -P "${coda_bench_embed_script}")
    set(${variable} "${output}" PARENT_SCOPE)
endfunction()

if(CMAKE_SCRIPT_MODE_FILE)
    set(code "// Generated from the report's page.\n#include <string_view>\nnamespace coda::bench {\n")
    foreach(input IN LISTS inputs)
        get_filename_component(name "${input}" NAME)
        string(REPLACE "." "_" name "${name}")
        file(READ "${input}" text)
        string(APPEND code "extern std::string_view const ${name};\n"
            "std::string_view const ${name} = R\"page(${text})page\";\n")
    endforeach()
    file(WRITE "${output}" "${code}}\n")
endif()
