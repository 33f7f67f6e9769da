"""The lists of an image's look: what its bands make, and nothing that they do not."""

from __future__ import annotations

from layouts import looks


def options(image: dict) -> dict[str, list[tuple[str, str]]]:
    box = looks.controls({"id": 7, "on_tiles": True, **image})
    return {label.children[1].id: [(o.children, o.value) for o in label.children[1].children] for label in box.children[:3]}


def test_a_camera_of_five_bands():
    told = options({"bands": 5, "shown": {"bands": [3, 2, 1], "names": ["blue", "green", "red", "nir", "rededge"], "scale": [[0, 1]] * 5}})
    assert told["look-bands"] == [
        ("Natural colour, as stored", ""), ("Near infrared, plants red", "nir,red,green"), ("Red edge, plants under stress", "nir,rededge,red"),
        ("Blue", "blue"), ("Green", "green"), ("Red", "red"), ("Near infrared", "nir"), ("Red edge", "rededge"),
    ]
    assert told["look-stretch"] == [("2nd to 98th percentile", ""), ("Least to most", "full")] and ("Grey", "gray") in told["look-colormap"]


def test_bands_that_nobody_named_and_a_thermal_picture():
    told = options({"bands": 4, "shown": {"bands": [1, 2, 3], "names": ["", "", "", ""], "scale": None}})
    assert told["look-bands"] == [("Band 1, band 2, band 3, as stored", ""), ("Band 1", "1"), ("Band 2", "2"), ("Band 3", "3"), ("Band 4", "4")]
    assert told["look-stretch"] == [("As the values are", ""), ("2nd to 98th percentile", "percentile")]
    assert options({"bands": 1, "shown": {"bands": [1], "names": ["thermal"], "scale": [[0, 1]]}})["look-bands"] == [("Thermal, as stored", "")]


def test_what_is_on_no_tile_has_no_look():
    assert looks.controls({"id": 7, "on_tiles": False, "bands": 3}) is None
