# Flags every target of ours shares, and the third-party packages by one name each.
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

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL 3 REQUIRED COMPONENTS Crypto)
find_package(RocksDB REQUIRED)
find_package(simdjson REQUIRED)
find_package(LibArchive REQUIRED)
find_package(prometheus-cpp REQUIRED CONFIG)
find_package(CLI11 REQUIRED)
pkg_check_modules(p11kit REQUIRED IMPORTED_TARGET p11-kit-1)
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium)
# Debian's FlatBuffers package ships CMake files that ask for a static flatc; headers are all we need.
find_path(FLATBUFFERS_INCLUDE flatbuffers/flatbuffers.h REQUIRED)
find_program(FLATC flatc REQUIRED)
find_path(BOOST_BEAST_INCLUDE boost/beast.hpp REQUIRED)

# Events are made on one thread and freed on another; jemalloc does that at half the cost of glibc's
# allocator. Programs link it; sanitizers bring an allocator of their own.
add_library(oppi_allocator INTERFACE)
add_library(oppi::allocator ALIAS oppi_allocator)
if(NOT OPPI_SANITIZE)
  find_library(JEMALLOC jemalloc REQUIRED)
  target_link_libraries(oppi_allocator INTERFACE ${JEMALLOC})
endif()

# Third-party headers are not ours to warn about.
function(oppi_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES" ${ARGN})
  add_library(oppi_${name} STATIC ${ARG_SOURCES})
  add_library(oppi::${name} ALIAS oppi_${name})
  target_link_libraries(oppi_${name} PUBLIC oppi::flags)
endfunction()
