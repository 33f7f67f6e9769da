"""The tree of RFC 6962: what makes a record provable to who does not trust its keeper.

A tree of n leaves splits at the largest power of two below n. Hashes are SHA-256; a leaf's begins with a zero byte, a node's with a
one, so that neither can be taken for the other.

ref: RFC 6962, section 2.1
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

Subtree = Callable[[int, int], bytes]
"""The hash of the tree over leaves `start` to before `end`."""

EMPTY = hashlib.sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def split(n: int) -> int:
    """The largest power of two below n (n > 1).

    >>> [split(n) for n in (2, 3, 4, 5, 8, 9)]
    [1, 2, 2, 4, 4, 8]
    """
    return 1 << (n - 1).bit_length() - 1


def root(leaves: list[bytes]) -> bytes:
    """The root over leaf hashes."""
    tree = Tree()
    for leaf in leaves:
        tree.add(leaf)
    return tree.root()


class Tree:
    """A tree that grows: it holds the complete subtrees alone, one for each bit of its size."""

    def __init__(self) -> None:
        self.size = 0
        self.peaks: list[tuple[int, bytes]] = []  # level and hash, the largest first

    def add(self, leaf: bytes) -> None:
        level, self.size = 0, self.size + 1
        while self.peaks and self.peaks[-1][0] == level:
            leaf = node_hash(self.peaks.pop()[1], leaf)
            level += 1
        self.peaks.append((level, leaf))

    def root(self) -> bytes:
        return folded([peak for _, peak in self.peaks])


def folded(peaks: list[bytes]) -> bytes:
    """The root of the complete subtrees of a tree, the largest first."""
    if not peaks:
        return EMPTY
    out = peaks[-1]
    for peak in reversed(peaks[:-1]):
        out = node_hash(peak, out)
    return out


def over(complete: Callable[[int, int], bytes]) -> Subtree:
    """Any subtree's hash from complete ones: `complete(level, number)` is that over leaves number·2^level and on."""
    def subtree(start: int, end: int) -> bytes:
        n = end - start
        if n & (n - 1) == 0 and start % n == 0:
            return complete(n.bit_length() - 1, start // n)
        middle = start + split(n)
        return node_hash(subtree(start, middle), subtree(middle, end))

    return subtree


def inclusion(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """The proof that leaf `index` is in the tree of `size` leaves, from the leaf up."""
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")

    def path(start: int, end: int) -> list[bytes]:
        if end - start == 1:
            return []
        middle = start + split(end - start)
        if index < middle:
            return [*path(start, middle), subtree(middle, end)]
        return [*path(middle, end), subtree(start, middle)]

    return path(0, size)


def root_of_inclusion(leaf: bytes, index: int, size: int, proof: list[bytes]) -> bytes | None:
    """The root a proof leads to; None when it is too long or too short for the place."""
    number, last = index, size - 1
    if not 0 <= index < size:
        return None
    out = leaf
    for step in proof:
        if last == 0:
            return None
        if number % 2 or number == last:
            out = node_hash(step, out)
            while number % 2 == 0 and number:
                number, last = number >> 1, last >> 1
        else:
            out = node_hash(out, step)
        number, last = number >> 1, last >> 1
    return out if last == 0 else None


def consistency(before: int, size: int, subtree: Subtree) -> list[bytes]:
    """The proof that the tree of `before` leaves is the beginning of the tree of `size`."""
    if not 0 < before <= size:
        raise ValueError(f"a tree of {before} is no beginning of one of {size}")

    def path(m: int, start: int, end: int, whole: bool) -> list[bytes]:
        if m == end - start:
            return [] if whole else [subtree(start, end)]
        k = split(end - start)
        if m <= k:
            return [*path(m, start, start + k, whole), subtree(start + k, end)]
        return [*path(m - k, start + k, end, False), subtree(start, start + k)]

    return path(before, 0, size, True)


def consistent(before: int, size: int, old: bytes, new: bytes, proof: list[bytes]) -> bool:
    """Whether a proof shows that the old root's tree is the beginning of the new root's."""
    if before == size:
        return old == new and not proof
    if not 0 < before < size or (not proof and before & (before - 1)):
        return False
    path = list(proof)
    if before & (before - 1) == 0:
        path.insert(0, old)
    if not path:
        return False
    number, last = before - 1, size - 1
    while number % 2:
        number, last = number >> 1, last >> 1
    first = second = path[0]
    for step in path[1:]:
        if last == 0:
            return False
        if number % 2 or number == last:
            first, second = node_hash(step, first), node_hash(step, second)
            while number % 2 == 0 and number:
                number, last = number >> 1, last >> 1
        else:
            second = node_hash(second, step)
        number, last = number >> 1, last >> 1
    return first == old and second == new and last == 0
