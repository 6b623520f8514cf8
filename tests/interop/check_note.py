#!/usr/bin/env python3
"""Checks a signed note, a checkpoint or a tlog-proof with nothing of ours: Python, hashlib and the
Ed25519 of python3-cryptography. Written from the C2SP texts, so that a mistake in our reading of
them shows as a disagreement.

    check_note.py --key VKEY [--key VKEY ...] NOTE
    check_note.py --key VKEY [--key VKEY ...] --leaf HEX RECEIPT.tlog-proof

Every given key must have signed (type 1: the text, type 4: a time and the text), signatures of
others are ignored. For a proof the first key must be the log's, and HEX the RFC 6962 leaf hash.
Exit code 0: all of it is true; 1: something is not, and stdout says what; 2: usage.
"""

import argparse
import base64
import hashlib
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

DASH = "\u2014 "


class Refused(Exception):
    pass


def require(condition, why):
    if not condition:
        raise Refused(why)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def base64_bytes(text):
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        raise Refused("not base64") from None
    require(base64.b64encode(raw).decode() == text, "base64 that is not canonical")
    return raw


def number(text):
    require(text.isascii() and text.isdigit() and str(int(text)) == text, "not a plain decimal")
    require(int(text) < 2**64, "a number beyond 64 bits")
    return int(text)


class Key:
    def __init__(self, vkey):
        self.name, key_id, blob = vkey.split("+", 2)
        blob = base64_bytes(blob)
        self.kind, self.public = blob[0], blob[1:]
        self.id = bytes.fromhex(key_id)
        require(self.kind in (1, 4) and len(self.public) == 32, "a key of a type that is not checked here")
        require(sha256(self.name.encode(), b"\n", blob)[:4] == self.id, "the id of a key is not its hash")

    def check(self, text, signature):
        message = text
        if self.kind == 4:
            time, signature = int.from_bytes(signature[:8], "big"), signature[8:]
            require(time < 2**63, "a time beyond 63 bits")
            message = b"cosignature/v1\ntime %d\n" % time + text
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            raise Refused(f"bad signature of {self.name}") from None


def check_note(note, keys):
    """Returns the text, after every key's signature on it was found good."""
    end = note.rfind(b"\n\n")
    require(end >= 0 and note.endswith(b"\n"), "not a note")
    text = note[:end + 1]
    signatures = {}
    for line in note[end + 2:-1].decode().split("\n"):
        require(line.startswith(DASH), "a line that is no signature")
        name, _, blob = line[len(DASH):].partition(" ")
        blob = base64_bytes(blob)
        require(len(blob) > 4, "a signature that is too short")
        signatures.setdefault((name, blob[:4]), blob[4:])
    for key in keys:
        require((key.name, key.id) in signatures, f"not signed by {key.name}")
        key.check(text, signatures[key.name, key.id])
    return text


def parse_checkpoint(text):
    lines = text.decode().split("\n")
    require(len(lines) >= 4 and lines[-1] == "" and all(lines[:-1]), "not a checkpoint")
    root = base64_bytes(lines[2])
    require(len(root) == 32, "a root that is not 32 bytes")
    return lines[0], number(lines[1]), root


def root_of(leaf, index, size, path):
    """The root of a tree of `size` in which `leaf` is at `index`: RFC 6962's definition, followed
    from the root down, so that it shares nothing with the loop of RFC 9162."""
    if size == 1:
        require(not path, "the path is too long")
        return leaf
    require(path, "the path is too short")
    left = 1
    while 2 * left < size:
        left *= 2
    if index < left:
        return sha256(b"\1", root_of(leaf, index, left, path[:-1]), path[-1])
    return sha256(b"\1", path[-1], root_of(leaf, index - left, size - left, path[:-1]))


def check_proof(proof, keys, leaf):
    head, separator, note = proof.partition(b"\n\n")
    require(separator, "no empty line before the checkpoint")
    lines = head.decode().split("\n")
    require(lines.pop(0) == "c2sp.org/tlog-proof@v1", "not a tlog-proof")
    if lines and lines[0].startswith("extra "):
        base64_bytes(lines.pop(0)[len("extra "):])
    require(lines and lines[0].startswith("index "), "no index")
    index = number(lines.pop(0)[len("index "):])
    path = [base64_bytes(line) for line in lines]
    require(all(len(each) == 32 for each in path), "a path hash that is not 32 bytes")

    origin, size, root = parse_checkpoint(check_note(note, keys))
    require(origin == keys[0].name, "the first key is not that of the origin")
    require(index < size, "the index is outside the tree")
    require(root_of(leaf, index, size, path) == root, "the path leads to another root")
    return f"leaf {index} is in {origin} of size {size}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--key", action="append", required=True, metavar="VKEY")
    parser.add_argument("--leaf", metavar="HEX", help="leaf hash; FILE is then a tlog-proof")
    parser.add_argument("file")
    arguments = parser.parse_args()
    with open(arguments.file, "rb") as file:
        content = file.read()
    try:
        keys = [Key(vkey) for vkey in arguments.key]
        if arguments.leaf:
            print(check_proof(content, keys, bytes.fromhex(arguments.leaf)))
        else:
            check_note(content, keys)
            print("signed by " + ", ".join(key.name for key in keys))
    except (Refused, UnicodeDecodeError) as refusal:
        print(f"refused: {refusal}")
        sys.exit(1)


if __name__ == "__main__":
    main()
