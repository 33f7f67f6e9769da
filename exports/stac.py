"""Images and sorties as STAC 1.1 items and collections, and a folder of them that stands alone. Records in, JSON and files out."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

VERSION = "1.1.0"
FILE_EXTENSION = "https://stac-extensions.github.io/file/v2.1.0/schema.json"
COG = "image/tiff; application=geotiff; profile=cloud-optimized"
SORTIELESS = "no-sortie"
CONFORMS = (
    "https://api.stacspec.org/v1.0.0/core", "https://api.stacspec.org/v1.0.0/collections", "https://api.stacspec.org/v1.0.0/ogcapi-features",
    "https://api.stacspec.org/v1.0.0/item-search", "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core", "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
)
SHA256 = "1220"  # of a multihash: which hash it is, and its length
SUMS = "SHA256SUMS"
TYPES = {"tif": "image/tiff", "tiff": "image/tiff", "jpg": "image/jpeg", "jpeg": "image/jpeg", "mp4": "video/mp4", "mov": "video/quicktime",
         **dict.fromkeys(("ts", "m2ts", "mts", "mpegts"), "video/mp2t")}


def item_id(row: dict) -> str:
    """`image-3`, `video-3`."""
    return f"{row['kind']}-{row['id']}"


def collection_id(sortie: int | None) -> str:
    """One for each sortie, and one for what has none.

    >>> collection_id(3), collection_id(None)
    ('sortie-3', 'no-sortie')
    """
    return SORTIELESS if sortie is None else f"sortie-{sortie}"


def number_of(told: str, kind: str) -> int | None:
    """The number of `image-3`; None when it is none.

    >>> number_of("image-3", "image"), number_of("image-x", "image")
    (3, None)
    """
    what, _, number = told.partition("-")
    return int(number) if what == kind and number.isascii() and number.isdecimal() and int(number) < 2**63 else None


def item(row: dict, links: list[dict], assets: dict[str, dict]) -> dict:
    """An item of an image, or of a film that tells a place (data/stac.py)."""
    place = row["footprint"] if row["kind"] == "image" else row["extent"]
    properties = {
        **(_of_image(row) if row["kind"] == "image" else _of_film(row)), "created": _time(row["recorded_at"]), "title": row["name"], "platform": row["platform"],
        "instruments": [row["sensor"]] if row["sensor"] else None, "vigia:marking": row["marking"], "vigia:agency": row["agency"], "vigia:sortie": row["sortie"],
        "vigia:handling": row["handling"], "vigia:grade": row["grade"], "vigia:sha256": row["sha256"], "vigia:world": row["world"],
    }
    return {
        "type": "Feature", "stac_version": VERSION, "stac_extensions": [FILE_EXTENSION] if any("file:checksum" in a for a in assets.values()) else [], "id": item_id(row),
        "collection": collection_id(row["sortie_id"]), "geometry": place, "bbox": bbox(place), "properties": {k: v for k, v in properties.items() if v is not None},
        "links": links, "assets": assets,
    }


def _of_image(image: dict) -> dict:
    """Of a frame also its pose, without the serial number of what took it."""
    pose = {key: value for key, value in (image["pose"] or {}).items() if key != "serial"}
    return {"datetime": _time(image["captured_at"]), "gsd": image["gsd_m"], "vigia:product": image["product"], "vigia:original_crs": image["crs"] or None, "vigia:pose": pose or None}


def _of_film(film: dict) -> dict:
    first, last = _times(film)
    return {"datetime": _time(first), "start_datetime": _time(first), "end_datetime": _time(last), "vigia:product": "video", "vigia:duration_s": film["duration_s"]}


def _times(row: dict) -> tuple[datetime, datetime]:
    return (row["captured_at"],) * 2 if row["kind"] == "image" else (row["started_at"], max(row["started_at"], row["ended_at"]))


def collection(sortie: dict | None, world: str, span: dict | None, links: list[dict]) -> dict:
    """A collection of a sortie (data/catalogue.py), of None: what has none; `span` (data/stac.py) is what its items reach over, None where there are none."""
    told, span = sortie or {}, span or {"extent": None, "first": None, "last": None}
    box = bbox(span["extent"]) if span["extent"] else [-180.0, -90.0, 180.0, 90.0]
    summaries = {"platform": [told.get("platform")] if told.get("platform") else None, "instruments": [told.get("sensor")] if told.get("sensor") else None}
    return {
        "type": "Collection", "stac_version": VERSION, "stac_extensions": [], "id": collection_id(told.get("id")), "title": f"Sortie {told['key']}" if sortie else "Images of no sortie",
        "description": f"Imagery of one flight, {told['key']}" if sortie else "Images of which no sortie was told", "license": "other",
        "extent": {"spatial": {"bbox": [box]}, "temporal": {"interval": [[span[end] and _time(span[end]) for end in ("first", "last")]]}},
        "summaries": {k: v for k, v in summaries.items() if v}, "links": links, "vigia:world": world,
        **({"vigia:marking": told["marking"], "vigia:agency": told["agency"]} if sortie else {}),
    }


def bbox(shape: dict) -> list[float]:
    """West, south, east, north; west is greater than east over the antimeridian (RFC 7946).

    >>> bbox({"type": "Point", "coordinates": [10, 20]})
    [10, 20, 10, 20]
    >>> bbox({"type": "MultiPoint", "coordinates": [[179, 1], [-179, 2]]})
    [179, 1, -179, 2]
    """
    points = list(_points(shape["coordinates"]))
    lons, lats = [p[0] for p in points], [p[1] for p in points]
    turned = [lon % 360 for lon in lons]
    if max(turned) - min(turned) < max(lons) - min(lons):
        west, east = min(turned), max(turned)
        return [west - 360 if west > 180 else west, min(lats), east - 360 if east > 180 else east, max(lats)]
    return [min(lons), min(lats), max(lons), max(lats)]


def _points(coordinates):
    if isinstance(coordinates[0], (int, float)):
        yield coordinates
    else:
        for part in coordinates:
            yield from _points(part)


def _time(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


# -- a folder that stands alone ---------------------------------------------------------------------------------------


def write_folder(folder: Path, sortie: dict, rows: list[dict], files: Callable[[dict], dict[str, Path | bytes]], about: dict) -> bytes:
    """Write a catalogue of one sortie into an empty folder; its SHA256SUMS, which names every file in it.

    `rows` are images and films (data/stac.py), `files(row)` gives what goes beside each item: file name -> what it is copied from. Links are relative, so
    that it may lie anywhere.
    """
    sums: list[str] = []
    id = collection_id(sortie["id"])
    hrefs = []
    for row in rows:
        place = folder / id / item_id(row)
        place.mkdir(parents=True)
        assets = {}
        for name, source in files(row).items():
            target = place / name
            target.write_bytes(source) if isinstance(source, bytes) else shutil.copyfile(source, target)
            digest = _sum(target, folder, sums)
            assets[name.split(".")[0]] = {"href": f"./{name}", "file:checksum": SHA256 + digest, "file:size": target.stat().st_size, **_kind(name)}
        links = [{"rel": "root", "href": "../../catalog.json", "type": "application/json"}, {"rel": "parent", "href": "../collection.json", "type": "application/json"},
                 {"rel": "collection", "href": "../collection.json", "type": "application/json"}]
        _json(place / f"{item_id(row)}.json", item(row, links, assets), folder, sums)
        hrefs.append(f"./{item_id(row)}/{item_id(row)}.json")
    links = [{"rel": "root", "href": "../catalog.json", "type": "application/json"}, {"rel": "parent", "href": "../catalog.json", "type": "application/json"},
             *({"rel": "item", "href": href, "type": "application/geo+json"} for href in hrefs)]
    (folder / id).mkdir(exist_ok=True)
    _json(folder / id / "collection.json", collection(sortie, sortie["world"], _span(rows), links), folder, sums)
    _json(folder / "catalog.json", {
        "type": "Catalog", "stac_version": VERSION, "id": "vigia-export", "title": f"Sortie {sortie['key']}", "description": f"Imagery of sortie {sortie['key']}, given out by Vigia",
        "links": [{"rel": "root", "href": "./catalog.json", "type": "application/json"}, {"rel": "child", "href": f"./{id}/collection.json", "type": "application/json"}],
        **{f"vigia:{k}": v for k, v in about.items() if v is not None}}, folder, sums)
    body = "".join(f"{line}\n" for line in sorted(sums, key=lambda line: line[66:])).encode()
    (folder / SUMS).write_bytes(body)
    return body


def _span(rows: list[dict]) -> dict | None:
    if not rows:
        return None
    points = [point for row in rows for point in _points((row["footprint"] if row["kind"] == "image" else row["extent"])["coordinates"])]
    times = [_times(row) for row in rows]
    return {"extent": {"type": "MultiPoint", "coordinates": points}, "first": min(first for first, _ in times), "last": max(last for _, last in times)}


def _kind(name: str) -> dict:
    ending = name.rsplit(".", 1)[-1].lower()
    if name == "cog.tif":
        return {"type": COG, "roles": ["data"], "title": "Picture laid on the ground"}
    if name == "thumbnail.webp":
        return {"type": "image/webp", "roles": ["thumbnail"], "title": "Thumbnail"}
    if name == "video.mp4":
        return {"type": "video/mp4", "roles": ["data"], "title": "The film"}
    return {"type": TYPES.get(ending, "application/octet-stream"), "roles": ["source"], "title": "The file as it came"}


def _json(path: Path, told: dict, folder: Path, sums: list[str]) -> None:
    path.write_text(json.dumps(told, ensure_ascii=False, indent=1, default=str), encoding="utf-8")
    _sum(path, folder, sums)


def _sum(path: Path, folder: Path, sums: list[str]) -> str:
    with open(path, "rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
    sums.append(f"{digest}  {path.relative_to(folder).as_posix()}")
    return digest
