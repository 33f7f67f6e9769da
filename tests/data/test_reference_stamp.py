"""Reference data is loaded once for a build, and is no difference between models and tables."""

from __future__ import annotations

import geopandas
import pytest
import shapely

from data import migrations, reference


@pytest.fixture
def built(tmp_path):
    line = shapely.LineString([(-106.5, 31.7), (-106.4, 31.75)])
    geopandas.GeoDataFrame(
        [{"id": 1, "name": "A–B 1", "country_a": "A", "country_b": "B", "ordinal": 1, "length_m": 11_000.0, "geometry": line}],
        geometry="geometry", crs=4326,
    ).to_parquet(tmp_path / reference.SECTIONS)
    return tmp_path


def test_it_is_loaded_once_and_the_tables_stay_as_the_models_say(database, built):
    told = []
    reference.load(database.owner_url, built, lambda *t: told.append(t))
    reference.load(database.owner_url, built, lambda *t: told.append(t))
    assert len(told) == 2  # begun and done, once
    with database.connect() as connection:
        assert connection.execute("SELECT name FROM border_section").fetchall() == [("A–B 1",)]
    assert migrations.differences(database.owner_url) is None
