"""One stream of chance per subject, derived from the seed by name: adding a subject changes no other."""

from __future__ import annotations

import hashlib

from numpy.random import PCG64, Generator, SeedSequence


def stream(seed: int, *names: str) -> Generator:
    """The generator of one subject. The bit generator is named, so that numpy's default may change under us."""
    words = hashlib.sha256("/".join(names).encode()).digest()
    return Generator(PCG64(SeedSequence([seed, *(int.from_bytes(words[i : i + 4], "little") for i in range(0, 16, 4))])))
