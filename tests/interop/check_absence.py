#!/usr/bin/env python3
"""Checks a state receipt that proves the absence of an identifier with nothing of ours: Python, hashlib
and libsodium's ristretto255. Written from docs/wire-format.md section 7, so that a mistake in the
document or in our reading of it shows as a disagreement. The checkpoint's signature is check_note.py's.

    check_absence.py IDENTIFIER RECEIPT.tlog-proof

Exit code 0: it is absent; 1: that is not proved, and stdout says why.
"""

import base64
import ctypes
import ctypes.util
import hashlib
import sys

SUITE = b"\xffc2sp.org/vrf-r255"
ORDER = 2**252 + 27742317777372353535851937790883648493
SODIUM = ctypes.CDLL(ctypes.util.find_library("sodium") or "libsodium.so.23")


class Refused(Exception):
    pass


def require(condition, why):
    if not condition:
        raise Refused(why)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def sha512(*parts):
    return hashlib.sha512(SUITE + b"".join(parts)).digest()


def element(function, *arguments):
    out = ctypes.create_string_buffer(32)
    getattr(SODIUM, function)(out, *arguments)
    return out.raw


def vrf_output(key, alpha, proof):
    gamma, challenge, s = proof[:32], proof[32:48] + bytes(16), proof[48:]
    require(int.from_bytes(s, "little") < ORDER, "VRF: s is not below the order")
    for point in (key, gamma):
        require(SODIUM.crypto_core_ristretto255_is_valid_point(point) == 1, "VRF: no element")
    h = element("crypto_core_ristretto255_from_hash", sha512(b"\x82", key, alpha))
    multiply, subtract = "crypto_scalarmult_ristretto255", "crypto_core_ristretto255_sub"
    u = element(subtract, element(multiply + "_base", s), element(multiply, challenge, key))
    v = element(subtract, element(multiply, s, h), element(multiply, challenge, gamma))
    require(sha512(b"\x02", key, h, gamma, u, v, b"\0")[:16] == challenge[:16], "VRF: another input")
    return sha512(b"\x03", gamma, b"\0")


def check_inclusion(leaf, index, path, size, root):
    """RFC 9162 section 2.1.3.2."""
    require(index < size, "the index is not in the tree")
    node, fn, sn = sha256(b"\0", leaf), index, size - 1
    for sibling in path:
        require(sn > 0, "the log path is too long")
        if fn & 1 or fn == sn:
            node = sha256(b"\1", sibling, node)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            node = sha256(b"\1", node, sibling)
        fn, sn = fn >> 1, sn >> 1
    require(sn == 0 and node == root, "the log path leads to another root")


def bit(key, number):
    return key[number // 8] >> (7 - number % 8) & 1


def check_absence(label, proof, root):
    if not proof:
        require(root == sha256(b""), "the map is not empty")
        return
    require(len(proof) >= 64 and len(proof) % 33 == 64 % 33, "absence: wrong length")
    other, node, last = proof[:32], sha256(proof[:64]), 256
    require(other != label, "the label is there")
    for at in range(64, len(proof), 33):
        number, sibling = proof[at], proof[at + 1:at + 33]
        require(number < last, "the bits do not strictly decrease")
        require(bit(other, number) == bit(label, number), "a search would end elsewhere")
        pair = (sibling, node) if bit(other, number) else (node, sibling)
        node, last = sha256(*pair, bytes([number])), number
    require(node == root, "the map path leads to another root")


def check(identifier, text):
    lines = text.split("\n")
    require(lines[0] == "c2sp.org/tlog-proof@v1" and lines[1].startswith("extra "), "not a receipt")
    extra = base64.b64decode(lines[1][6:], validate=True)
    blank = lines.index("")
    index, path = int(lines[2][len("index "):]), [base64.b64decode(x) for x in lines[3:blank]]
    size, root = int(lines[blank + 2]), base64.b64decode(lines[blank + 3])
    require(len(extra) >= 126 and extra[0] == 1 and extra[123] == 1, "not a receipt with one proof")
    leaf, key, proof = extra[1:91], extra[91:123], extra[126:]
    require(int.from_bytes(extra[124:126], "big") == len(proof), "wrong length")
    check_inclusion(leaf, index, path, size, root)
    require(leaf[0] == 1 and leaf[9] == 4, "no state entry")
    require(int.from_bytes(leaf[10:18], "big") == index, "it covers something else")
    require(leaf[50:82] == sha256(b"oppiloki/fold/streams/v1\n", key), "another VRF key")
    require(index == size - 1, "the map is not current")
    require(len(proof) >= 83 and proof[:3] == b"\x01\x02\x00", "not the absence of an identifier")
    beta = vrf_output(key, b"oppiloki/alpha/v1\n\x02" + identifier.encode(), proof[3:83])
    check_absence(sha256(b"oppiloki/label/v1\n", beta), proof[83:], leaf[18:50])


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(2)
    try:
        with open(sys.argv[2], encoding="utf-8") as receipt:
            check(sys.argv[1], receipt.read())
    except (Refused, ValueError, IndexError) as refused:
        print(refused)
        sys.exit(1)
    print("absent")
