"""A flight's files in one zip: opened in the one-shot worker, then each file is imported by itself, under one sortie."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from errors import FileRefused, Refusal
from feeds import worker
from feeds.imports import ImportOptions

SUFFIX = ".zip"
LIMITS = worker.Limits(memory_mb=2_000, cpu_s=1_200, file_mb=20_000, wall_s=1_800)


def options_within(path: Path, options: ImportOptions) -> ImportOptions:
    """What is told of each file of a zip: the sortie is called as the zip is, unless somebody said otherwise. Raises FileRefused."""
    if options.sortie is None and not (0 < len(path.stem) <= 100 and path.stem.isprintable()):
        raise FileRefused(Refusal(path.name, None, "sortie", path.stem, "a zip named in at most 100 printable characters, or --sortie"))
    return replace(options, sortie=options.sortie or path.stem, within=path.name)


@contextmanager
def opened(path: Path) -> Iterator[list[tuple[Path, str]]]:
    """The files of a zip, each with its name in there, until the block ends. Raises FileRefused: then there is none of them."""
    with worker.workroom(path) as (folder, copy):
        told = worker.run("zip.unpack", {"input": copy.name}, name=path.name, folder=folder, limits=LIMITS)
        copy.unlink()
        out = []
        for number, name in enumerate(told["names"]):
            # Under a name of its own folder: two files of a flight may have one name, and when and of which flight a file is stands in it.
            kept = folder / f"file-{number}" / name.rsplit("/", 1)[-1]
            kept.parent.mkdir()
            (folder / f"out-{number}").rename(kept)
            out.append((kept, name))
        yield out
