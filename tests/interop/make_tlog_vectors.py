#!/usr/bin/env python3
"""Makes tests/vectors/tlog: a log of 300 entries with a cosigned checkpoint, a receipt, a policy and
map proofs, with nothing of ours (Python, hashlib, the Ed25519 of python3-cryptography). The tests
expect the same bytes from the C++ code. Same files at every run; usage: make_tlog_vectors.py DIR
"""

import base64
import hashlib
import pathlib
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ORIGIN = "oppiloki.example/golden"
SIZE, INDEX = 300, 257
NOTE, COSIGNATURE = 1, 4  # signature types
COSIGNED = {1: 1767225600, 3: 1767225601}  # witness -> time


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def base64_text(raw):
    return base64.b64encode(raw).decode()


class Key:
    def __init__(self, name, kind, seed):
        self.name = name
        self.private = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        self.blob = bytes([kind]) + self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.id = sha256(name.encode(), b"\n", self.blob)[:4]

    def vkey(self):
        return f"{self.name}+{self.id.hex()}+{base64_text(self.blob)}"

    def line(self, before, message):
        return f"\u2014 {self.name} {base64_text(self.id + before + self.private.sign(message))}\n"


def split(leaves):
    left = 1
    while 2 * left < len(leaves):
        left *= 2
    return leaves[:left], leaves[left:]


def tree_hash(leaves):
    if len(leaves) == 1:
        return leaves[0]
    left, right = split(leaves)
    return sha256(b"\1", tree_hash(left), tree_hash(right))


def tree_path(index, leaves):
    if len(leaves) == 1:
        return []
    left, right = split(leaves)
    if index < len(left):
        return tree_path(index, left) + [tree_hash(right)]
    return tree_path(index - len(left), right) + [tree_hash(left)]


def bit_of(key, bit):
    return key[bit // 8] >> (7 - bit % 8) & 1


def split_map(entries):
    first, last = entries[0][0], entries[-1][0]
    bit = next(i for i in range(256) if bit_of(first, i) != bit_of(last, i))
    return bit, [[e for e in entries if bit_of(e[0], bit) == side] for side in (0, 1)]


def map_hash(entries):
    if len(entries) == 1:
        return sha256(*entries[0])
    bit, (left, right) = split_map(entries)
    return sha256(map_hash(left), map_hash(right), bytes([bit]))


def map_search(entries, key):
    """The entry where a search for the key ends, and its path."""
    path = b""
    while len(entries) > 1:
        bit, sides = split_map(entries)
        path = bytes([bit]) + map_hash(sides[1 - bit_of(key, bit)]) + path
        entries = sides[bit_of(key, bit)]
    return b"".join(entries[0]), path


def main(folder):
    log = Key(ORIGIN, NOTE, 1)
    witnesses = {n: Key(f"witness.example/w{n}", COSIGNATURE, n + 1) for n in (1, 2, 3)}
    leaves = [sha256(b"\0", b"0/%d" % i) for i in range(SIZE)]

    text = f"{ORIGIN}\n{SIZE}\n{base64_text(tree_hash(leaves))}\n"
    note = text + "\n" + log.line(b"", text.encode())
    for number, time in COSIGNED.items():
        message = f"cosignature/v1\ntime {time}\n{text}".encode()
        note += witnesses[number].line(time.to_bytes(8, "big"), message)
    (folder / "checkpoint").write_text(note)

    path = "".join(base64_text(each) + "\n" for each in tree_path(INDEX, leaves))
    extra = base64_text(b"oppiloki")
    (folder / "receipt.tlog-proof").write_text(
        f"c2sp.org/tlog-proof@v1\nextra {extra}\nindex {INDEX}\n{path}\n{note}")

    policy = f"log {log.vkey()} https://{ORIGIN}/\n"
    policy += "".join(f"witness w{number} {key.vkey()}\n" for number, key in witnesses.items())
    (folder / "policy").write_text(policy + "group two-of-three 2 w1 w2 w3\nquorum two-of-three\n")

    entries = sorted((sha256(b"key %d" % i), sha256(b"value %d" % i)) for i in range(20))
    _, inclusion = map_search(entries, sha256(b"key 7"))
    other, absence = map_search(entries, sha256(b"key 20"))
    (folder / "map").write_text(f"root {map_hash(entries).hex()}\ninclusion {inclusion.hex()}\n"
                                f"absence {(other + absence).hex()}\n")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
