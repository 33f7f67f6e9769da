"""Land borders and their sections: the geometry on small shapes, and the lines that set-up stored against the world's."""

from __future__ import annotations

import geopandas
import numpy as np
import pytest
import shapely
from shapely.geometry import LineString, Point, box

from basemap import borders, names
from settings import store

PUBLISHED_US_MEXICO_M = 3_145_000
STORED_US_MEXICO_M = 3_163_000
MONUMENT_1 = Point(-106.52861, 31.78390)  # where the Río Bravo meets the land border, El Paso
DEG_M = 111_320


def ring(shape) -> np.ndarray:
    return shapely.get_coordinates(shape.exterior)


WEST, EAST = box(0, 0, 1, 1), box(1, 0, 2, 1)


@pytest.fixture(scope="module")
def lines() -> geopandas.GeoDataFrame:
    return stored("border_lines.parquet")


@pytest.fixture(scope="module")
def sections() -> geopandas.GeoDataFrame:
    return stored("border_sections.parquet")


def stored(name: str) -> geopandas.GeoDataFrame:
    path = store().basemap / name
    assert path.exists(), "the basemap is not built; ./vigia test builds it, or ./vigia basemap build"
    return geopandas.read_parquet(path)


def us_mexico(frame: geopandas.GeoDataFrame) -> geopandas.GeoDataFrame:
    return frame[(frame.country_a == "MEX") & (frame.country_b == "USA")]


def test_a_border_is_what_two_countries_share_whichever_way_their_rings_run():
    for east in (ring(EAST), ring(EAST)[::-1]):
        shared = borders.shared({"A": [ring(WEST)], "B": [east]})
        assert list(shared) == [("A", "B")]
        [line] = shared["A", "B"]
        assert line.equals(LineString([(1, 0), (1, 1)]))


def test_what_lies_at_sea_is_no_land_border():
    pairs = {("A", "B"): [LineString([(1, y / 10) for y in range(11)])]}
    [border] = borders.on_land(pairs, [box(0, 0, 2, 0.45)])
    assert border.lines[0].bounds == pytest.approx((1, 0, 1, 0.45))
    assert border.length_m == pytest.approx(0.45 * 110_574, rel=1e-3)
    assert borders.on_land(pairs, [box(5, 5, 6, 6)]) == []


def test_sections_are_equal_parts_in_order_that_make_up_the_line():
    line = LineString([(0, 0), (0.3, 0.1), (1, 0)])
    border = borders.Border("A", "B", [line], borders.length_m(line))
    frame = borders.sections([border], {"A": "Aland", "B": "Bland"})
    assert list(frame.name) == [f"Aland–Bland {n:03d}" for n in range(1, 6)] and list(frame.ordinal) == [1, 2, 3, 4, 5]
    # A part's straight chord between two cuts is the same line: lengths add up but for the geodesics' own bend.
    assert frame.length_m.sum() == pytest.approx(border.length_m, rel=1e-4)
    assert frame.length_m.max() - frame.length_m.min() < 20
    ends = [(shapely.get_coordinates(g)[0], shapely.get_coordinates(g)[-1]) for g in frame.geometry]
    assert all((a[1] == b[0]).all() for a, b in zip(ends, ends[1:]))


def test_a_scrap_is_no_section_beside_a_longer_line_and_is_one_alone():
    scrap, long = LineString([(5, 0), (5.05, 0)]), LineString([(0, 0), (0.5, 0)])
    both = borders.sections([borders.Border("A", "B", [long, scrap], 61_000)], {})
    assert len(both) == 2 and both.total_bounds[2] == 0.5
    alone = borders.sections([borders.Border("A", "B", [scrap], 5_600)], {})
    assert len(alone) == 1 and list(alone.name) == ["A–B 001"]


def test_a_country_is_named_by_the_ground_it_shares():
    named = geopandas.GeoDataFrame({"name": ["West", "East"]}, geometry=[WEST, EAST], crs=4326)
    told = names.of_codes({"WWW": [ring(box(0.1, 0, 1.1, 1))], "EEE": [ring(EAST)], "GIB": [ring(box(50, 50, 50.001, 50.001))]}, named)
    assert told == {"WWW": "West", "EEE": "East", "GIB": "Gibraltar"}


def test_the_us_mexico_line_is_as_long_as_the_published_one(lines):
    [length_m] = us_mexico(lines).length_m
    assert length_m == pytest.approx(STORED_US_MEXICO_M, rel=0.01)
    assert length_m == pytest.approx(PUBLISHED_US_MEXICO_M, rel=0.01)
    [shape] = us_mexico(lines).geometry
    assert sum(borders.length_m(part) for part in shape.geoms) == pytest.approx(length_m, rel=1e-9)


def test_the_line_runs_where_it_is_marked_on_the_ground(lines):
    [shape] = us_mexico(lines).geometry
    assert shape.distance(MONUMENT_1) * DEG_M < 60


def test_sections_of_the_us_mexico_line_leave_nothing_out_and_count_nothing_twice(lines, sections):
    mine = us_mexico(sections).sort_values("ordinal")
    assert mine.length_m.sum() == pytest.approx(us_mexico(lines).length_m.sum(), rel=1e-4)
    assert list(mine.ordinal) == list(range(1, len(mine) + 1)) and mine.name.iloc[0] == "Mexico–United States 001"
    tree = shapely.STRtree(mine.geometry.values)
    for i, j in zip(*tree.query(mine.geometry.values, predicate="intersects")):
        if i < j:
            both = shapely.intersection(mine.geometry.iloc[i], mine.geometry.iloc[j])
            assert shapely.length(both) == 0, f"{mine.name.iloc[i]} and {mine.name.iloc[j]} overlap"


def test_every_section_is_a_stretch_a_patrol_can_hold_and_is_named(lines, sections):
    whole = lines.set_index(["country_a", "country_b"]).length_m
    short = sections[sections.length_m < borders.SECTION_LEAST_M]
    # Shorter only where the whole border is.
    assert all(whole[a, b] <= borders.SECTION_LEAST_M for a, b in zip(short.country_a, short.country_b))
    assert sections.length_m.max() <= borders.SECTION_MOST_M
    assert sections.id.is_unique and sections.name.is_unique
    assert (sections.country_a != sections.country_b).all()
    assert not sections.name.str.contains(r"\b[A-Z]{3}\b").any(), "a country goes by its code"
    assert len(sections) > 10_000 and sections.geometry.is_valid.all()
