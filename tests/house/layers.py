"""Arrows point down: events <- ledger <- projections <- consumers <- ops (docs/architecture.md).

A file includes only its own layer and those below; third-party headers appear only in source files,
and only in the layers that own that library; includes are written from the root.
"""

import re

import tree

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)

# Library -> header prefixes, and the layers whose source files may use it. Tests may use anything.
THIRD_PARTY = {
    "archive": (("archive.h", "archive_entry.h"), {"consumers", "ops"}),
    "benchmark": (("benchmark/",), set()),
    "boost": (("boost/",), {"consumers", "ops"}),
    "cli11": (("CLI/",), {"ops"}),
    "emscripten": (("emscripten/",), {"ops"}),
    "flatbuffers": (("flatbuffers/",), {"events"}),
    "googletest": (("gtest/", "gmock/"), set()),
    "nlohmann json": (("nlohmann/",), {"events", "projections", "consumers", "ops"}),
    "openssl": (("openssl/",), {"events", "ledger", "consumers"}),
    "p11-kit": (("p11-kit/",), {"ops"}),
    "POSIX threads": (("pthread.h",), {"ledger", "projections", "consumers", "ops"}),  # names of threads
    "prometheus": (("prometheus/",), {"ops"}),
    "rapidcheck": (("rapidcheck.h", "rapidcheck/"), set()),
    "rdkafka": (("librdkafka/",), {"consumers"}),
    "rocksdb": (("rocksdb/",), {"ledger", "projections"}),
    "simdjson": (("simdjson.h",), {"events", "projections", "consumers", "ops"}),
    "sodium": (("sodium.h",), {"events", "ledger", "projections", "consumers", "ops"}),
    "spdlog": (("spdlog/",), {"ops"}),
    "toml++": (("toml++/",), {"ops"}),
    "zlib": (("zlib.h",), {"consumers", "ops"}),
}
# The operating system: pure layers do no I/O, so they see none of it.
POSIX = re.compile(r"^(sys/|linux/|arpa/|netinet/|(fcntl|unistd|signal|poll|netdb|dirent|termios|spawn)\.h$)")
POSIX_LAYERS = {"ledger", "consumers", "ops"}

# Headers that must show a third-party type, each with its reason.
HEADER_EXCEPTIONS = {
    "consumers/http_stream.h": "the one place that names what HTTP bytes run over; internal to http_*.cc",
    "ops/cli.h": "every command adds its options to a CLI::App",
}


def library_of(header):
    for library, (prefixes, layers) in THIRD_PARTY.items():
        if any(header == p or (p.endswith("/") and header.startswith(p)) for p in prefixes):
            return library, layers
    return None, None


def check(root):
    findings = []
    for path in tree.cxx(root):
        layer = path.parts[0]
        if layer not in tree.LAYERS and layer != "tests":
            findings.append(f"{path}: C++ outside the layers")
            continue
        for match in INCLUDE.finditer(tree.text(root, path)):
            ours, foreign = match.groups()
            if ours:
                findings += check_ours(path, layer, ours)
            elif layer != "tests":
                findings += check_foreign(path, layer, foreign)
    return findings


def check_ours(path, layer, header):
    target = header.split("/")[0]
    if target.endswith("_generated.h"):
        return []  # made by flatc next to the target that includes it
    if target not in tree.LAYERS and target != "tests":
        return [f'{path}: include "{header}" from the root']
    if layer == "tests":
        return []
    if target == "tests" or tree.LAYERS.index(target) > tree.LAYERS.index(layer):
        return [f'{path}: upward include "{header}"']
    return []


def check_foreign(path, layer, header):
    if "/" not in header and "." not in header:
        return []  # the standard library
    if POSIX.match(header):
        return [] if layer in POSIX_LAYERS else [f"{path}: <{header}> does I/O; {layer}/ is pure"]
    library, layers = library_of(header)
    if library is None:
        return [f"{path}: unknown third-party header <{header}>"]
    if layer not in layers:
        return [f"{path}: {library} is not for {layer}/"]
    if path.suffix == ".h" and str(path) not in HEADER_EXCEPTIONS:
        return [f"{path}: {library} in a header; keep it in the .cc"]
    return []


if __name__ == "__main__":
    tree.main(check)
