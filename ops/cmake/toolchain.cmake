# Flags every target of ours shares; the third-party packages are in libraries.cmake.
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

add_library(oppi_flags INTERFACE)
add_library(oppi::flags ALIAS oppi_flags)
target_include_directories(oppi_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(oppi_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 sees uninitialised members in every std::variant that is moved; clang does not.
  target_compile_options(oppi_flags INTERFACE -Wno-maybe-uninitialized)
endif()
if(OPPI_SANITIZE)
  target_compile_options(oppi_flags INTERFACE -fsanitize=${OPPI_SANITIZE} -fno-omit-frame-pointer
                                              -fno-sanitize-recover=all)
  target_link_options(oppi_flags INTERFACE -fsanitize=${OPPI_SANITIZE})
endif()
if(OPPI_FUZZ)
  # Coverage feedback from the libraries too; a fuzzer that sees only itself finds nothing.
  target_compile_options(oppi_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(OPPI_COVERAGE)
  target_compile_options(oppi_flags INTERFACE --coverage -fprofile-update=atomic)
  target_link_options(oppi_flags INTERFACE --coverage)
endif()

if(EMSCRIPTEN)
  include(ops/cmake/wasm_libraries.cmake)
else()
  include(ops/cmake/libraries.cmake)
endif()

# Third-party headers are not ours to warn about.
function(oppi_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES" ${ARGN})
  add_library(oppi_${name} STATIC ${ARG_SOURCES})
  add_library(oppi::${name} ALIAS oppi_${name})
  target_link_libraries(oppi_${name} PUBLIC oppi::flags)
endfunction()
