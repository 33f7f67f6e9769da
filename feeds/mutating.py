"""GeoTIFFs with something wrong in them, many of them: what imagery's opening is held against (tests, `vigia bench fuzz-imagery`). Seeded."""

from __future__ import annotations

import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from numpy.random import Generator
from rasterio.enums import ColorInterp

from feeds import worker

NASTY = (0, 1, 2, 7, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def seeds() -> list[bytes]:
    """Small valid GeoTIFFs of the kinds that are read: tiled and in strips, of each type and packing, with masks, overviews and large offsets."""
    out = []
    slope = np.tile(np.linspace(20, 230, 64), (64, 1))
    for number, (bands, dtype, more) in enumerate((
        (3, "uint8", {"compress": "deflate", "tiled": True, "blockxsize": 32, "blockysize": 32}), (1, "uint16", {"compress": "lzw", "predictor": 2}),
        (1, "float32", {"compress": "deflate", "predictor": 3, "nodata": -9999}), (4, "uint8", {"compress": "packbits"}),
        (3, "uint8", {"compress": "jpeg", "photometric": "ycbcr"}),
        (5, "uint16", {"BIGTIFF": "YES", "interleave": "band"}), (3, "uint8", {"compress": "webp", "tiled": True, "blockxsize": 32, "blockysize": 32}),
        (1, "int16", {"compress": "zstd"}),
        (1, "uint8", {"nbits": 1, "compress": "ccittfax4"}), (2, "float64", {"ENDIANNESS": "BIG"}),
    )):
        with rasterio.MemoryFile() as memory:
            place = {"crs": "EPSG:32614", "transform": Affine(0.5, 0, 650_000, 0, -0.5, 2_870_000)}
            with memory.open(driver="GTiff", width=64, height=64, count=bands, dtype=dtype, **place, **more) as made:
                made.write(np.stack([slope > 100] if "nbits" in more else [slope] * bands).astype(dtype))
                if bands == 4:
                    made.colorinterp = [ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha]
                if number == 0:
                    made.build_overviews([2])
            out.append(bytes(memory.getbuffer()))
    return out


def mutated(count: int, seed: int) -> Iterator[bytes]:
    """`count` broken files: bits turned, fields of the header set to what breaks readers, cuts, repeats, parts of one file in another."""
    rng, whole = np.random.default_rng(seed), seeds()
    for _ in range(count):
        body = bytearray(whole[rng.integers(len(whole))])
        for _ in range(rng.integers(1, 5)):
            ways[rng.integers(len(ways))](body, rng, whole)
        yield bytes(body)


def _turn(body: bytearray, rng: Generator, _: list[bytes]) -> None:
    for at in rng.integers(0, max(len(body), 1), rng.integers(1, 12)):
        if at < len(body):
            body[at] ^= 1 << int(rng.integers(8))


def _field(body: bytearray, rng: Generator, _: list[bytes]) -> None:
    """One entry of the directory: its tag, type, count or value."""
    little = body[:2] == b"II"
    if len(body) < 16 or body[2:4] not in (b"*\0", b"\0*"):
        return _turn(body, rng, _)
    start = int.from_bytes(body[4:8], "little" if little else "big")
    number = int.from_bytes(body[start:start + 2], "little" if little else "big")
    if not number or start + 2 + 12 * number > len(body):
        return _turn(body, rng, _)
    at = start + 2 + 12 * int(rng.integers(number)) + int(rng.choice([0, 2, 4, 8]))
    size = 2 if (at - start - 2) % 12 < 4 else 4
    body[at:at + size] = (NASTY[rng.integers(len(NASTY))] & (1 << 8 * size) - 1).to_bytes(size, "little" if little else "big")


def _cut(body: bytearray, rng: Generator, _: list[bytes]) -> None:
    del body[int(rng.integers(1, max(len(body), 2))):]


def _repeat(body: bytearray, rng: Generator, _: list[bytes]) -> None:
    at, size = int(rng.integers(max(len(body), 1))), int(rng.integers(1, 200))
    body[at:at] = body[at:at + size] * int(rng.integers(1, 20))


def _graft(body: bytearray, rng: Generator, whole: list[bytes]) -> None:
    other = whole[rng.integers(len(whole))]
    at, size = int(rng.integers(len(other))), int(rng.integers(1, 300))
    body[at:at + size] = other[at:at + size]


def _fill(body: bytearray, rng: Generator, _: list[bytes]) -> None:
    at, size = int(rng.integers(max(len(body), 1))), int(rng.integers(1, 64))
    body[at:at + size] = bytes([NASTY[rng.integers(len(NASTY))] & 255]) * min(size, max(len(body) - at, 0))


ways = (_turn, _field, _field, _cut, _repeat, _graft, _fill)


def opened(files: list[bytes], wall_s: float = 3_600) -> list[str]:
    """What became of each in the true sandbox: made, refused, a signal that ended its process, or an error that nobody foresaw."""
    folder = Path(tempfile.mkdtemp(prefix="vigia-"))
    try:
        (folder / "files").mkdir()
        for number, body in enumerate(files):
            (folder / "files" / f"{number:06}.tif").write_bytes(body)
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
            (folder / "files").chmod(0o755)
        limits = worker.Limits(cpu_s=60, file_mb=500, wall_s=wall_s)
        told = worker.run("many.opened", {"input": "files"}, name="mutated files", folder=folder, limits=limits)
        return [told[f"{number:06}.tif"] for number in range(len(files))]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
