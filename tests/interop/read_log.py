#!/usr/bin/env python3
"""Reads a log from static files as any C2SP tlog-tiles client would, with nothing of ours: Python,
hashlib and the Ed25519 of python3-cryptography. Every entry is hashed, every tile derived from the
entries and compared, the root compared with the signed one.

    read_log.py --key VKEY [--key VKEY ...] FOLDER

The first key is the log's; every given key must have signed the checkpoint. Exit code 0: all of it
is true, and stdout says how much; 1: something is not, and stdout says what; 2: usage.
"""

import argparse
import hashlib
import pathlib
import sys

import check_note
from check_note import Refused, require

FULL = 256


def number_path(n):
    """1234067 is x001/x234/067."""
    groups = [f"{n % 1000:03}"]
    while n >= 1000:
        n //= 1000
        groups.insert(0, f"x{n % 1000:03}")
    return "/".join(groups)


class Folder:
    def __init__(self, root):
        self.root, self.files = pathlib.Path(root), 0

    def read(self, path):
        try:
            found = (self.root / path).read_bytes()
        except OSError:
            raise Refused(f"there is no {path}") from None
        self.files += 1
        return found

    def tile(self, level, n, width):
        return self.read(f"tile/{level}/{number_path(n)}" + ("" if width == FULL else f".p/{width}"))


def entries_of(bundle, width):
    entries, at = [], 0
    while at < len(bundle):
        length = int.from_bytes(bundle[at:at + 2], "big")
        entries.append(bundle[at + 2:at + 2 + length])
        require(len(bundle) >= at + 2 + length, "an entry bundle that is cut off")
        at += 2 + length
    require(len(entries) == width, f"an entry bundle of {len(entries)} entries, expected {width}")
    return entries


def tree_hash(hashes):
    """RFC 6962: split at the largest power of two below the number."""
    if not hashes:
        return hashlib.sha256().digest()
    if len(hashes) == 1:
        return hashes[0]
    left = 1
    while 2 * left < len(hashes):
        left *= 2
    return check_note.sha256(b"\1", tree_hash(hashes[:left]), tree_hash(hashes[left:]))


def read_log(folder, keys):
    origin, size, root = check_note.parse_checkpoint(check_note.check_note(folder.read("checkpoint"), keys))
    require(origin == keys[0].name, "the first key is not that of the origin")
    hashes, octets = [], 0
    for n in range(0, size, FULL):
        width = min(FULL, size - n)
        for entry in entries_of(folder.tile("entries", n // FULL, width), width):
            hashes.append(check_note.sha256(b"\0", entry))
            octets += len(entry)
    leaves = hashes
    level = 0
    while hashes:
        for n in range(0, len(hashes), FULL):
            row = hashes[n:n + FULL]
            require(folder.tile(level, n // FULL, len(row)) == b"".join(row), f"tile {level}/{n // FULL} is not what the entries make")
        hashes = [tree_hash(hashes[n:n + FULL]) for n in range(0, len(hashes) - FULL + 1, FULL)]
        level += 1
    require(tree_hash(leaves) == root, "the entries do not make the signed tree")
    return f"{origin} holds: {size} entries of {octets} bytes in {folder.files} files, {level} levels of tiles"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--key", action="append", required=True, metavar="VKEY")
    parser.add_argument("folder")
    arguments = parser.parse_args()
    try:
        print(read_log(Folder(arguments.folder), [check_note.Key(vkey) for vkey in arguments.key]))
    except (Refused, UnicodeDecodeError) as refusal:
        print(f"refused: {refusal}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
