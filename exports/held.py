"""Imagery that a file holds: tiles of the mosaic, and what of it is not there."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Held:
    """`tiles` are WebP of 256 pixels by (zoom, column, row) of Web Mercator, those of a zoom from `least` to `most` all there; `finest` is the zoom at which an image has its
    own pixels. `metres` is how large a pixel is at `most`; `why` says what ended it before the finest; `without` images are on no tile, `unread` could not be read."""

    tiles: dict[tuple[int, int, int], bytes] = field(default_factory=dict)
    least: int = 0
    most: int = 0
    finest: int = 0
    metres: float = 0.0
    why: str | None = None
    without: int = 0
    unread: int = 0

    @property
    def size(self) -> int:
        """Bytes of all pictures."""
        return sum(len(body) for body in self.tiles.values())

    def words(self) -> list[str]:
        """What is held, and what is left out."""
        out = []
        if self.tiles:
            finer = f"; finer pixels (zoom {self.finest}) are left out: {self.why}" if self.why else ""
            out.append(f"Imagery: {len(self.tiles):,} tiles, {self.size / 1e6:.1f} MB, newest on top, pixels of {_metres(self.metres)} (zoom {self.most}){finer}.")
        elif self.why:
            out.append(f"Imagery is left out: {self.why}.")
        for n, words in ((self.without, "on no tile: an outline alone"), (self.unread, "not to be read, its picture is missing here")):
            if n:
                out.append(f"{n:,} {'image is' if n == 1 else 'images are'} {words}.")
        return out


def _metres(length: float) -> str:
    """A pixel's size, to two digits.

    >>> _metres(0.0749), _metres(4.31), _metres(152.9)
    ('7.5 cm', '4.3 m', '153 m')
    """
    return f"{length * 100:.2g} cm" if length < 1 else f"{length:.2g} m" if length < 99 else f"{length:.0f} m"
