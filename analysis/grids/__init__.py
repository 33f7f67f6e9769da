"""Grids that numbers are told of, by the knobs that methods share."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.grids.hexagons import HexGrid
from analysis.grids.sections import Sections
from analysis.grids.squares import SquareGrid
from analysis.methods import knob
from analysis.units import Grid
from errors import KnobRefused

KINDS = ("h3", "square", "section")
SECTION_KM = 25.0


def grid(kind: str, *, resolution: int = 6, cell_m: float = 5000.0, crs: str = "", border_km: float = 0.0) -> Grid:
    """A grid by its kind; of the sizes only its own is read. `border_km` 0 is everywhere; of sections 25 km to either side.

    >>> grid("square", cell_m=500.0, crs="EPSG:32615")
    SquareGrid(cell_m=500.0, crs='EPSG:32615', border_km=0.0, reach=3)
    """
    if kind == "h3":
        return HexGrid(resolution, border_km)
    if kind == "square":
        return SquareGrid(cell_m, crs, border_km)
    if kind == "section":
        return Sections(border_km or SECTION_KM)
    raise KnobRefused(f"grid must be one of {', '.join(KINDS)}, not {kind!r}")


@dataclass(frozen=True)
class OnGrid:
    """The knobs of a method that tells of units."""

    grid: str = knob("h3", "What the ground is cut into: hexagons, squares, or sections of a border", choices=KINDS)
    resolution: int = knob(6, "How small hexagons are: 4 is 50 km wide, 6 is 7 km, 8 is 1 km", least=2, most=10)
    cell_m: float = knob(5000.0, "How wide a square is", unit="m", least=10, most=500_000)
    crs: str = knob("", "The CRS squares are square in, as EPSG:32615; empty for one that fits")
    border_km: float = knob(0.0, "Only ground this near to a border; 0 for everywhere (for sections: 25 km to either side)", unit="km", least=0, most=500)

    def laid(self) -> Grid:
        """The grid these knobs tell of."""
        return grid(self.grid, resolution=self.resolution, cell_m=self.cell_m, crs=self.crs, border_km=self.border_km)
