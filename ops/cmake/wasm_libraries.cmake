# The third-party libraries of a verifier, for WebAssembly: compiled from the sources of the Debian packages that
# the native build links (ops/wasm/build lays them under OPPI_WASM_SOURCES). libcrypto is left out: digest_sodium.cc.
set(OPPI_WASM_SOURCES "" CACHE PATH "Folder with libsodium, simdjson and headers")

file(GLOB_RECURSE sodium_sources ${OPPI_WASM_SOURCES}/libsodium/src/libsodium/*.c)
add_library(sodium_wasm STATIC ${sodium_sources})
target_compile_definitions(sodium_wasm PRIVATE CONFIGURED=1 NATIVE_LITTLE_ENDIAN=1 HAVE_INTTYPES_H=1 HAVE_STDINT_H=1)
target_compile_options(sodium_wasm PRIVATE -w -O2)
target_include_directories(sodium_wasm SYSTEM
  PRIVATE ${OPPI_WASM_SOURCES}/libsodium/src/libsodium/include/sodium
  PUBLIC ${OPPI_WASM_SOURCES}/libsodium/src/libsodium/include)
add_library(PkgConfig::sodium ALIAS sodium_wasm)

add_library(simdjson_wasm STATIC ${OPPI_WASM_SOURCES}/simdjson/singleheader/simdjson.cpp)
target_compile_options(simdjson_wasm PRIVATE -w -O2)
target_include_directories(simdjson_wasm SYSTEM PUBLIC ${OPPI_WASM_SOURCES}/simdjson/singleheader)
add_library(simdjson::simdjson ALIAS simdjson_wasm)

target_compile_options(oppi_flags INTERFACE -include ${CMAKE_SOURCE_DIR}/ops/wasm/comparisons.h)

# Headers alone: nlohmann json, and what flatc's output includes.
target_include_directories(oppi_flags SYSTEM INTERFACE ${OPPI_WASM_SOURCES}/include)
set(FLATBUFFERS_INCLUDE ${OPPI_WASM_SOURCES}/include)
find_program(FLATC flatc REQUIRED)

add_library(no_library INTERFACE)
add_library(OpenSSL::Crypto ALIAS no_library)
add_library(Threads::Threads ALIAS no_library)
