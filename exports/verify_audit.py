#!/usr/bin/env python3
"""Check an entry of Vigia's record without trusting who handed it over:  python3 verify_audit.py proof.json [public key in hex]

One file, nothing but Python. It shows that the entry is in the tree whose head was signed, that an older head is the tree's beginning
when the file says so, and that the signatures are those of the key you were given. Ends with 0 when all of it holds, else with 1.

ref: RFC 6962 (the tree), RFC 8032 section 6 (Ed25519)
"""

import hashlib
import json
import sys

P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_1 = pow(2, (P - 1) // 4, P)
WORDS = "vigia audit head 1\n"


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


# -- Ed25519, verifying alone: points as (X, Y, Z, T)


def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(n, p):
    out = (0, 1, 1, 0)
    while n:
        if n & 1:
            out = add(out, p)
        p, n = add(p, p), n >> 1
    return out


def point(raw):
    y = int.from_bytes(raw, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= P:
        return None
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if x2 == 0:
        return None if sign else (0, y, 1, 0)
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * ROOT_OF_MINUS_1 % P
    if (x * x - x2) % P:
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def signed(key, words, signature):
    if len(key) != 32 or len(signature) != 64:
        return False
    a, r, s = point(key), point(signature[:32]), int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= Q:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + words).digest(), "little") % Q
    left, right = times(s, BASE), add(r, times(h, a))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


# -- the tree


def included(entry, index, size, proof):
    out, number, last = sha(b"\0", entry), index, size - 1
    if not 0 <= index < size:
        return None
    for step in proof:
        if last == 0:
            return None
        if number % 2 or number == last:
            out = sha(b"\1", step, out)
            while number % 2 == 0 and number:
                number, last = number >> 1, last >> 1
        else:
            out = sha(b"\1", out, step)
        number, last = number >> 1, last >> 1
    return out if last == 0 else None


def begins(before, size, old, new, proof):
    if before == size:
        return old == new and not proof
    path = ([old] if before & (before - 1) == 0 else []) + proof
    if not 0 < before < size or not path:
        return False
    number, last = before - 1, size - 1
    while number % 2:
        number, last = number >> 1, last >> 1
    first = second = path[0]
    for step in path[1:]:
        if last == 0:
            return False
        if number % 2 or number == last:
            first, second = sha(b"\1", step, first), sha(b"\1", step, second)
            while number % 2 == 0 and number:
                number, last = number >> 1, last >> 1
        else:
            second = sha(b"\1", second, step)
        number, last = number >> 1, last >> 1
    return first == old and second == new and last == 0


def check(told, key):
    """What is wrong with a proof, line by line; nothing when it holds."""
    wrong = []
    for name in ("head", "since"):
        if name not in told:
            continue
        head = told[name]
        words = f"{WORDS}{head['size']}\n{head['root']}\n{head['at']}\n".encode()
        if key is not None and bytes.fromhex(head["key"]) != key:
            wrong.append(f"{name}: signed with another key than the one you were given")
        if not signed(bytes.fromhex(head["key"]), words, bytes.fromhex(head["signature"])):
            wrong.append(f"{name}: the signature is wrong")
    head = told["head"]
    root = included(told["entry"].encode(), told["index"], head["size"], [bytes.fromhex(h) for h in told["inclusion"]])
    if root is None or root.hex() != head["root"]:
        wrong.append(f"entry {told['index']} is not in the tree of {head['size']} entries as it was signed")
    if "since" in told:
        since = told["since"]
        if not begins(since["size"], head["size"], bytes.fromhex(since["root"]), bytes.fromhex(head["root"]),
                      [bytes.fromhex(h) for h in told["consistency"]]):
            wrong.append(f"the tree of {since['size']} entries is not the beginning of that of {head['size']}")
    return wrong


def main(words):
    if len(words) not in (1, 2):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    try:
        with open(words[0], encoding="utf-8") as file:
            told = json.load(file)
        wrong = check(told, bytes.fromhex(words[1]) if len(words) == 2 else None)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        wrong = [f"this is no proof: {type(error).__name__}: {error}"]
    if wrong:
        print("WRONG\n" + "\n".join(wrong))
        return 1
    head = told["head"]
    print(f"HOLDS\nentry {told['index']} of {head['size']}, signed {head['at']} with {head['key']}\n{told['entry']}")
    if len(words) == 1:
        print("Compare the key with the one its owner gave you: anybody can sign with a key of their own.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
