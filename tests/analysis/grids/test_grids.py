"""Every grid cuts the same ground without gaps, clips to area and land, measures on the ellipsoid, and shares out what is not exact."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import Geod

from analysis.grids import OnGrid, grid
from analysis.grids.clipping import clipped
from analysis.grids.hexagons import HexGrid
from analysis.grids.outlines import area_km2
from analysis.grids.sections import Sections
from analysis.grids.squares import SquareGrid
from analysis.ground import Ground
from analysis.points import checked
from errors import KnobRefused, PointsRefused, TooFew

WGS84 = Geod(ellps="WGS84")
BOX = shapely.box(-98.0, 25.5, -97.0, 26.5)
BORDER = gpd.GeoDataFrame(
    {"id": [11, 12, 13], "name": ["west", "middle", "east"]}, crs=4326,
    geometry=[shapely.LineString([(-98.2, 26.0), (-97.8, 26.05)]), shapely.LineString([(-97.8, 26.05), (-97.4, 25.95)]), shapely.LineString([(-97.4, 25.95), (-97.1, 25.9)])])
CELLS = [HexGrid(6), SquareGrid(5000.0)]
GRIDS = [*CELLS, Sections(25.0)]


def points(rng: np.random.Generator, n: int, **more) -> pd.DataFrame:
    return checked(pd.DataFrame({"lon": rng.uniform(-98, -97, n), "lat": rng.uniform(25.5, 26.5, n), **more}), method="test")


def geodesic_km2(shape: shapely.Geometry) -> float:
    return abs(WGS84.geometry_area_perimeter(shapely.orient_polygons(shapely.segmentize(shape, 0.01)))[0]) / 1e6


@pytest.mark.parametrize("of", CELLS, ids=str)
def test_cells_fill_the_area_once(of):
    units = of.units(points(np.random.default_rng(1), 1), Ground(area=BOX))
    assert shapely.is_valid(units.outlines).all() and shapely.area(units.outlines).sum() == pytest.approx(BOX.area, rel=1e-6)
    assert shapely.union_all(units.outlines, grid_size=1e-9).area == pytest.approx(BOX.area, rel=1e-6)
    assert units.area_km2.sum() == pytest.approx(geodesic_km2(BOX), rel=1e-5) and (units.length_km == 0).all()


@pytest.mark.parametrize("of", GRIDS, ids=str)
def test_neighbours_are_mutual_and_never_oneself(of):
    beside = of.units(points(np.random.default_rng(1), 40), Ground(area=BOX, sections=BORDER)).neighbours
    assert (beside != beside.T).nnz == 0 and beside.diagonal().sum() == 0 and set(beside.data) == {1.0}


def test_neighbours_touch_and_none_that_touches_is_missed():
    for of in CELLS:
        units = of.units(points(np.random.default_rng(1), 30))
        one, other = shapely.STRtree(units.outlines).query(units.outlines, predicate="dwithin", distance=1e-6)
        assert {(a, b) for a, b in zip(one.tolist(), other.tolist()) if a != b} == set(zip(*(x.tolist() for x in units.neighbours.nonzero())))


@pytest.mark.parametrize("of", CELLS, ids=str)
def test_an_exact_point_counts_in_the_one_cell_it_lies_in(of):
    told = points(np.random.default_rng(2), 500)
    units = of.units(told, Ground(area=BOX))
    shares = of.spread(told, units)
    assert (shares.sum(axis=1) == 1).all() and shares.nnz == 500
    row, unit = shares.nonzero()
    assert shapely.dwithin(units.outlines[unit], shapely.points(told.lon, told.lat)[row], 1e-4).all()


def test_without_an_area_the_ground_round_points_is_looked_at():
    told = points(np.random.default_rng(3), 1)
    assert len(HexGrid(6).units(told)) == 37 and len(SquareGrid(5000.0).units(told)) == 49
    wide = told.assign(precision_m=20_000.0)
    assert len(HexGrid(6).units(wide)) > 100 and len(SquareGrid(5000.0).units(wide)) == 15 * 15


def test_cells_under_water_are_none_and_a_point_there_lies_in_none():
    land = shapely.box(-98.0, 25.5, -97.5, 26.5)
    for of in CELLS:
        told = points(np.random.default_rng(4), 400)
        units = of.units(told, Ground(area=BOX, land=land))
        assert units.area_km2.sum() == pytest.approx(geodesic_km2(land), rel=1e-5)
        inside = np.asarray(of.spread(told, units).sum(axis=1))
        assert (inside[told.lon < -97.5] == 1).all() and (inside[told.lon > -97.35] == 0).all()
        with pytest.raises(TooFew, match="nothing can be said here"):
            of.units(told, Ground(area=BOX, land=shapely.box(0, 0, 1, 1)))


def test_clipping_by_a_coast_of_many_corners_is_what_plain_intersection_gives():
    angle = np.linspace(0, 2 * np.pi, 20_000, endpoint=False)
    radius = 0.4 + 0.02 * np.sin(40 * angle) + 0.002 * np.sin(900 * angle)
    coast = shapely.Polygon(np.column_stack([-97.5 + radius * np.cos(angle), 26 + radius * np.sin(angle)]), holes=[[(-97.55, 26), (-97.45, 26), (-97.5, 26.1)]])
    cells = SquareGrid(5000.0).units(points(np.random.default_rng(1), 1), Ground(area=BOX)).outlines
    left, kept = clipped(cells, [coast])
    plain = shapely.area(shapely.intersection(cells, coast))
    assert shapely.area(left[kept]) == pytest.approx(plain[kept], rel=1e-9) and plain[~kept].max() < 1e-12
    assert set(shapely.get_type_id(left[kept])) <= {3, 6}


def test_a_place_that_is_not_exact_is_shared_out_by_the_part_of_its_disc():
    town = checked(pd.DataFrame({"lon": [-97.5], "lat": [26.0], "precision_m": [12_000.0]}), method="test")
    for of in CELLS:
        units = of.units(town)
        shares = of.spread(town, units).toarray()[0]
        assert shares.sum() == pytest.approx(1) and (shares > 0).sum() > 10
        # whole cells in the disc have shares as their areas, and a whole cell's is its part of the disc
        whole = shares > 0.999 * shares.max()
        assert shares.max() == pytest.approx(units.area_km2[shares.argmax()] / (np.pi * 12**2), rel=0.01) and whole.any()
    sea = Ground(land=shapely.box(-98.0, 25.5, -97.5, 26.5))
    half = HexGrid(6).units(town, sea)
    assert HexGrid(6).spread(town, half).sum() == pytest.approx(1), "the half in water is where it cannot be"


def test_areas_are_geodesic_over_latitudes_and_sizes():
    for lat in (-70.0, -33.0, 0.5, 26.0, 48.0, 69.0):
        for resolution in (3, 5, 8):
            told = checked(pd.DataFrame({"lon": [10.0], "lat": [lat]}), method="test")
            units = HexGrid(resolution, reach=1).units(told)
            assert units.area_km2 == pytest.approx([abs(WGS84.geometry_area_perimeter(shapely.orient_polygons(o))[0]) / 1e6 for o in units.outlines], rel=1e-4)


def test_squares_are_square_in_the_crs_they_are_told_in():
    units = SquareGrid(500.0, "EPSG:32614").units(points(np.random.default_rng(1), 3))
    assert units.crs == "EPSG:32614" and units.area_km2 == pytest.approx(0.25, rel=2e-3)
    again = SquareGrid(500.0, "EPSG:32614").units(points(np.random.default_rng(1), 3), Ground(area=BOX))
    assert set(units.ids[:5]) <= set(again.ids), "the same CRS gives the same squares"


@pytest.mark.parametrize("crs, words", [("EPSG:4326", "in degrees"), ("EPSG:2278", "US survey foot"), ("EPSG:999999", "no CRS is called"), ("metres", "no CRS is called")])
def test_squares_in_degrees_or_feet_or_nothing_known_are_refused(crs, words):
    with pytest.raises(KnobRefused, match=words):
        SquareGrid(500.0, crs).units(points(np.random.default_rng(1), 3))


def test_too_many_cells_are_refused_with_their_number():
    with pytest.raises(PointsRefused, match=r"cells, and at most 1,000,000 .* wider squares"):
        SquareGrid(10.0).units(points(np.random.default_rng(1), 3), Ground(area=BOX))
    with pytest.raises(PointsRefused, match=r"cells, and at most 1,000,000"):
        HexGrid(10).units(points(np.random.default_rng(1), 3), Ground(area=BOX.buffer(0.3)))
    town = points(np.random.default_rng(1), 1, precision_m=500_000.0)
    for of in (HexGrid(10), SquareGrid(50.0)):
        with pytest.raises(PointsRefused, match="at most 1,000,000"):
            of.units(town)


def test_over_the_antimeridian_nothing_is_lost():
    told = checked(pd.DataFrame({"lon": [179.9, -179.9, 179.99], "lat": [-17.0, -17.0, -16.9]}), method="test")
    for of in CELLS:
        units = of.units(told)
        assert len(units) < 200 and (shapely.bounds(units.outlines)[:, [0, 2]].__abs__() <= 180).all() and shapely.is_valid(units.outlines).all()
        assert (of.spread(told, units).sum(axis=1) == 1).all() and units.area_km2.max() < 1.1 * np.median(units.area_km2)
        wide = told.assign(precision_m=15_000.0)
        assert np.asarray(of.spread(wide, of.units(wide)).sum(axis=1)) == pytest.approx(1)
    line = gpd.GeoDataFrame({"id": [1], "name": [""]}, geometry=[shapely.MultiLineString([[(179.8, -17), (180, -17)], [(-180, -17), (-179.8, -17)]])], crs=4326)
    units = Sections(20.0).units(told, Ground(sections=line))
    assert (Sections(20.0).spread(told, units).sum(axis=1) == 1).all() and units.length_km[0] == pytest.approx(42.6, abs=0.2)


def test_poles_are_refused():
    told = checked(pd.DataFrame({"lon": [0.0, 90.0], "lat": [50.0, 89.0]}), method="test")
    for of in CELLS:
        with pytest.raises(PointsRefused, match="beyond 85 degrees of latitude; .* reaches 89.0"):
            of.units(told)


def test_near_a_border_alone():
    told = points(np.random.default_rng(1), 50)
    for of in (HexGrid(6, border_km=10.0), SquareGrid(5000.0, border_km=10.0)):
        units = of.units(told, Ground(area=BOX, sections=BORDER))
        assert 0.15 < units.area_km2.sum() / geodesic_km2(BOX) < 0.25
        with pytest.raises(PointsRefused, match="no border sections are known here"):
            of.units(told, Ground(area=BOX))


def test_sections_share_out_the_ground_by_the_nearest_line():
    told = points(np.random.default_rng(6), 2000)
    units = Sections(25.0).units(told, Ground(sections=BORDER))
    assert units.labels.tolist() == ["west", "middle", "east"]
    assert units.ids.tolist() == [11, 12, 13] and units.neighbours.toarray().tolist() == [[0, 1, 0], [1, 0, 1], [0, 1, 0]]
    assert units.length_km == pytest.approx([WGS84.geometry_length(g) / 1000 for g in BORDER.geometry])
    shares = Sections(25.0).spread(told, units)
    flat, at = BORDER.to_crs(32614).geometry.to_numpy(), gpd.points_from_xy(told.lon, told.lat, crs=4326).to_crs(32614)
    away = np.array([shapely.distance(np.asarray(at), line) for line in flat])
    near = away.min(axis=0)
    inside = np.asarray(shares.sum(axis=1)) == 1
    assert (inside[near < 24_900]).all() and not inside[near > 25_100].any()
    sure = inside & (np.sort(away, axis=0)[1] - near > 1500)
    assert (shares.toarray().argmax(axis=1)[sure] == away.argmin(axis=0)[sure]).all() and sure.sum() > 700


def test_sections_end_at_the_area():
    units = Sections(25.0).units(points(np.random.default_rng(6), 20), Ground(sections=BORDER, area=shapely.box(-98.0, 25.5, -97.6, 26.5)))
    assert units.ids.tolist() == [11, 12] and units.length_km[0] == pytest.approx(20.2, abs=0.05)
    with pytest.raises(TooFew):
        Sections(25.0).units(points(np.random.default_rng(6), 20), Ground(sections=BORDER, area=shapely.box(0, 0, 1, 1)))


@pytest.mark.parametrize(("named", "called"), [
    (BORDER.assign(name=["west", "east", "east"]), ["west", "east (12)", "east (13)"]), (BORDER.assign(name=["west", None, ""]), ["west", "12", "13"]), (BORDER.drop(columns="name"), ["11", "12", "13"])])
def test_sections_are_called_by_their_names_else_by_their_numbers(named, called):
    assert Sections(25.0).units(points(np.random.default_rng(6), 2000), Ground(sections=named)).labels.tolist() == called


def test_sections_of_one_id_are_refused_and_metres_are_turned():
    with pytest.raises(PointsRefused, match="1 have one that another has too, the first is 12"):
        Sections(25.0).units(points(np.random.default_rng(6), 20), Ground(sections=BORDER.assign(id=[12, 12, 13])))
    told = points(np.random.default_rng(6), 20)
    one, two = (Sections(25.0).units(told, Ground(sections=lines)) for lines in (BORDER, BORDER.to_crs(32614)))
    assert one.area_km2 == pytest.approx(two.area_km2, rel=1e-9)


def test_too_many_parts_of_places_are_refused():
    told = points(np.random.default_rng(1), 60_000, precision_m=40_000.0)
    units = SquareGrid(2000.0).units(told, Ground(area=BOX))
    with pytest.raises(PointsRefused, match="60,000 places off by up to 40 km would be shared out in .* parts, and at most 60,000,000 are: take larger units"):
        SquareGrid(2000.0).spread(told.assign(lon=-97.5, lat=26.0), units)


def test_grids_by_the_knobs_methods_share():
    assert OnGrid(grid="square", cell_m=500.0).laid() == SquareGrid(500.0) and OnGrid(grid="section").laid() == Sections(25.0) and OnGrid().laid() == HexGrid(6)
    with pytest.raises(KnobRefused, match="one of h3, square, section"):
        grid("circle")
