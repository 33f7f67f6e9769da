"""Names of drugs to their class, by a table a user can extend."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import lru_cache

from data.records import DRUGS
from errors import FileRefused, Refusal
from settings import ROOT, store

OURS = ROOT / "data" / "drugs.toml"


def classed(told: str) -> str:
    """The class of a drug as told; `other` when the table does not know it.

    >>> classed("MARIHUANA"), classed("Cocaine HCl (brick)"), classed("Khat (Catha Edulis)"), classed("mystery powder")
    ('cannabis', 'cocaine', 'other', 'other')
    """
    words = folded(told).split()
    table = names()
    # The longest run of words that the table knows, so that "cannabis oil" is not an oil.
    for size in range(min(len(words), 6), 0, -1):
        for start in range(len(words) - size + 1):
            found = table.get(" ".join(words[start:start + size]))
            if found:
                return found
    return "other"


def folded(told: str) -> str:
    """Lower case, no accents, words parted by single spaces."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", told) if not unicodedata.combining(c))
    return " ".join(re.findall(r"[a-z0-9]+", plain.casefold()))


@lru_cache
def names() -> dict[str, str]:
    """Folded name -> class: our table, then the user's own over it. Raises FileRefused for a class we do not have."""
    out: dict[str, str] = {}
    for path in (OURS, store().home / "drugs.toml"):
        if not path.exists():
            continue
        try:
            told = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise FileRefused(Refusal(path.name, None, None, None, f"a TOML file ({error})")) from None
        for drug, listed in told.items():
            if drug not in DRUGS or not isinstance(listed, list):
                raise FileRefused(Refusal(path.name, None, drug, str(listed), f"a list of names under one of {', '.join(DRUGS)}"))
            out.update({folded(str(name)): drug for name in listed})
    return out
