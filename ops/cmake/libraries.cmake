# The third-party packages by one name each.
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
