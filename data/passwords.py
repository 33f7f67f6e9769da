"""Passwords: kept as Argon2id, refused when they are short or common. Nothing is asked of the outside world about them."""

from __future__ import annotations

from functools import lru_cache

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from errors import InputRefused

LEAST_LENGTH, MOST_LENGTH = 12, 200
LEAST_SCORE = 3  # of zxcvbn, 0 to 4: 3 stands against 10^8 guesses and more


class PasswordRefused(InputRefused):
    """Too short, or too easily guessed."""


@lru_cache
def _hasher() -> PasswordHash:
    return PasswordHash((Argon2Hasher(),))


def hashed(password: str) -> str:
    """What is kept of a password. About 120 ms and 64 MB on a slow core: never on the event loop."""
    return _hasher().hash(password)


def matches(password: str, kept: str | None) -> bool:
    """Whether it is the one; with nothing kept it takes as long, so that a clock does not tell which names there are."""
    return _hasher().verify(password[:MOST_LENGTH], kept or _nobody()) and kept is not None


@lru_cache
def _nobody() -> str:
    return hashed("nobody has this password")


def check(password: str, *about: str) -> None:
    """Raises PasswordRefused when it is too short, or easily guessed by who knows `about` (name, agency)."""
    if not LEAST_LENGTH <= len(password) <= MOST_LENGTH:
        raise PasswordRefused(f"the password has {len(password)} characters, expected {LEAST_LENGTH} to {MOST_LENGTH}")
    from zxcvbn import zxcvbn  # its word lists take a moment

    found = zxcvbn(password, user_inputs=[word for word in about if word], max_length=MOST_LENGTH)
    if found["score"] < LEAST_SCORE:
        why = found["feedback"]["warning"] or "it is easily guessed"
        raise PasswordRefused(f"the password is refused: {why.rstrip('.')[0].lower() + why.rstrip('.')[1:]}; several words nobody would put together do well")
