"""The tree against the test vectors of RFC 6962's own reference, and its proofs at every place of every small tree."""

from __future__ import annotations

import hashlib

import pytest

from data import merkle

# ref: google/certificate-transparency, merkletree tests: eight leaves and the roots of their first n.
LEAVES = [bytes.fromhex(h) for h in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c", "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def tree(n: int) -> tuple[list[bytes], merkle.Subtree]:
    leaves = [merkle.leaf_hash(str(i).encode()) for i in range(n)]
    return leaves, lambda start, end: merkle.root(leaves[start:end])


def test_the_published_roots():
    assert merkle.root([]) == hashlib.sha256(b"").digest()
    for n, want in enumerate(ROOTS, 1):
        assert merkle.root([merkle.leaf_hash(leaf) for leaf in LEAVES[:n]]).hex() == want


@pytest.mark.parametrize("n", range(1, 34))
def test_each_leaf_is_shown_to_be_in_and_no_other(n):
    leaves, subtree = tree(n)
    want = merkle.root(leaves)
    for i in range(n):
        proof = merkle.inclusion(i, n, subtree)
        assert merkle.root_of_inclusion(leaves[i], i, n, proof) == want
        assert merkle.root_of_inclusion(leaves[(i + 1) % n], i, n, proof) != want or n == 1
        for j in range(n):
            if j != i:
                assert merkle.root_of_inclusion(leaves[i], j, n, proof) != want
        for spoiled in (proof[:-1], [*proof, want], [bytes(32), *proof[1:]]):
            assert spoiled == proof or merkle.root_of_inclusion(leaves[i], i, n, spoiled) != want


@pytest.mark.parametrize("n", range(1, 26))
def test_each_beginning_is_shown_to_be_one(n):
    leaves, subtree = tree(n)
    new = merkle.root(leaves)
    for m in range(1, n + 1):
        old, proof = merkle.root(leaves[:m]), merkle.consistency(m, n, subtree)
        assert merkle.consistent(m, n, old, new, proof)
        assert not merkle.consistent(m, n, bytes(32), new, proof)
        assert not merkle.consistent(m, n, old, bytes(32), proof)
        for k in range(len(proof)):
            assert not merkle.consistent(m, n, old, new, [*proof[:k], bytes(32), *proof[k + 1:]])


def test_complete_subtrees_are_enough():
    leaves, subtree = tree(21)

    def complete(level: int, number: int) -> bytes:
        assert (number + 1) << level <= 21
        return merkle.root(leaves[number << level:(number + 1) << level])

    for i in range(21):
        assert merkle.inclusion(i, 21, merkle.over(complete)) == merkle.inclusion(i, 21, subtree)
