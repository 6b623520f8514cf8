"""Words and constructs that may not stand in the repository.

The patterns are written so that this file does not contain what it looks for.
"""

import re

import tree

# (why, pattern, flags). Checked in every text file but the licence.
UNFINISHED = [
    ("unfinished work is an issue, not a comment", r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b", 0),
    ("say what it does, not that it is provisional",
     r"\b(for n" r"ow|place" r"holder|simpli" r"fied|not impl" r"emented|unimpl" r"emented)\b", re.I),
    ("a disabled test is no test", r"\bDISAB" r"LED_", 0),
    ("names a machine, not the project", r"/wo" r"rk/|\bfa" r"rm-[a-z]+|\bla" r"nd\.sh\b", 0),
]
# (why, pattern, layers where it is allowed). Checked in C++ sources.
CONSTRUCTS = [
    ("time is an argument (events/time.h: Clock)", r"system_clock\s*::\s*now|\bgettimeofday\b|\btime\(\s*(nullptr|NULL|0)\s*\)",
     {"ops", "tests"}),
    ("randomness is an argument (events/entropy.h)", r"\bstd::random_device\b|\bs?rand\(", {"tests"}),
    ("not in the intersection of g++ 12 and clang 14",
     r"#include <(format|expected|source_location|print)>|\bstd::(format|views|ranges::views|source_location|expected)\b", set()),
    ("always-on OPPI_CHECK instead of assert", r"#include <cassert>|(?<![\w_])assert\(", set()),
]
TEXT_SUFFIXES = {".h", ".cc", ".inc", ".py", ".md", ".txt", ".cmake", ".json", ".fbs", ".toml", ".yml",
                 ".yaml", ".ts", ".css", ".html", ".xml", ".sh", ".service", ""}


def check(root):
    findings = []
    for path in tree.files(root):
        if path.suffix not in TEXT_SUFFIXES or path.name == "LICENSE":
            continue
        body = tree.text(root, path)
        for why, pattern, flags in UNFINISHED:
            findings += [at(path, body, m, why) for m in re.finditer(pattern, body, flags)]
        if path.suffix in (".h", ".cc", ".inc"):
            code = re.sub(r"//[^\n]*", lambda comment: " " * len(comment.group()), body)
            for why, pattern, allowed in CONSTRUCTS:
                if path.parts[0] not in allowed:
                    findings += [at(path, body, m, why) for m in re.finditer(pattern, code)]
            if path.suffix == ".h" and "#pragma once" not in body:
                findings.append(f"{path}: header without #pragma once")
    return findings


def at(path, body, match, why):
    line = body.count("\n", 0, match.start()) + 1
    return f"{path}:{line}: '{match.group(0)}': {why}"


if __name__ == "__main__":
    tree.main(check)
