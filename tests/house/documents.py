"""Documents tell the truth: relative links lead somewhere, headings that are linked to exist, scripts
that README and docs tell the reader to run are there, and `oppiloki` has the commands they name.

usage: documents.py ROOT [PROGRAM]
"""

import os
import re
import subprocess
import sys

import tree

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*$", re.MULTILINE)
FENCE = re.compile(r"^```[^\n]*\n.*?^```\s*$", re.MULTILINE | re.DOTALL)
SHELL = re.compile(r"^```(?:sh|console)\n(.*?)^```\s*$", re.MULTILINE | re.DOTALL)
PROGRAM_WORDS = ("oppiloki", "build/release/bin/oppiloki")


def anchor(heading):
    """The fragment a Markdown viewer gives a heading."""
    heading = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    heading = re.sub(r"[^\w\- ]", "", heading.lower())
    return heading.replace(" ", "-")


def links(root, path, body):
    findings = []
    for match in LINK.finditer(FENCE.sub("", body)):
        target = match.group(1)
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue  # the outside world is not ours to promise
        name, _, fragment = target.partition("#")
        document = root / path.parent / name if name else root / path
        if not document.exists():
            findings.append(f"{path}: dead link {target}")
        elif fragment and document.suffix == ".md":
            known = {anchor(h) for h in HEADING.findall(FENCE.sub("", document.read_text(encoding="utf-8")))}
            if fragment not in known:
                findings.append(f"{path}: no heading for {target}")
    return findings


def commands(root, path, body, known):
    findings = []
    for block in SHELL.findall(body):
        for line in block.splitlines():
            words = line.removeprefix("$ ").split("#")[0].split()
            while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
                words.pop(0)
            if not words:
                continue
            if words[0].startswith(("ops/", ".ci/")) and not os.access(root / words[0], os.X_OK):
                findings.append(f"{path}: no script {words[0]}")
            if words[0] in PROGRAM_WORDS and known is not None:
                command = next((w for w in words[1:] if not w.startswith("-")), None)
                if command and command not in known:
                    findings.append(f"{path}: oppiloki has no command {command}")
    return findings


def program_commands(program):
    """Names in the program's own help, or None without a program."""
    if program is None:
        return None
    text = subprocess.run([program, "--help"], capture_output=True, check=True).stdout.decode()
    return set(re.findall(r"^  ([a-z-]+)\b", text, re.MULTILINE))


def check(root, program=None):
    known = program_commands(program)
    findings = []
    for path in tree.files(root):
        if path.suffix == ".md":
            body = tree.text(root, path)
            findings += links(root, path, body) + commands(root, path, body, known)
    return findings


if __name__ == "__main__":
    tree.main(lambda root: check(root, sys.argv[2] if len(sys.argv) > 2 else None))
