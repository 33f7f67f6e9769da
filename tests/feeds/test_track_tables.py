"""Movements from tables, GPX and readers."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from data.flags import ANCIENT, FUTURE, IMPOSSIBLE_SPEED, NULL_ISLAND, TELEPORT
from feeds.imports import ImportOptions, import_files

HEAD = "tag_id,kind,name,agency,time_utc,lat,lon,speed_kmh,course_deg,accuracy_m,battery_pct"
ROW = "V-1,vehicle,Truck 1,Guardia EX,2026-11-20T10:00:00Z,26.0,-97.5,36,90,5,80"


def load(database, path: Path, **options):
    (report,) = import_files("tracks", [path], ImportOptions(**{"world": "exercise", **options}), lambda *_: None, owner_url=database.owner_url)
    return report


def write(tmp_path: Path, text: str, name: str = "t.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def ask(database, query: str) -> list[tuple]:
    with database.connect() as connection:
        return connection.execute(query).fetchall()


def test_a_row_becomes_a_fix(environment, tmp_path):
    report = load(environment, write(tmp_path, f"{HEAD}\n{ROW}\n"))
    assert (report.read, report.stored, report.error) == (1, 1, None)
    assert ask(environment, "SELECT t.key, t.kind, t.name, a.name, f.speed_mps, f.course_deg, f.line FROM fix f JOIN track t ON t.id = f.track_id "
                            "JOIN agency a ON a.id = t.agency_id") == [("tag:V-1", "vehicle", "Truck 1", "Guardia EX", 10.0, 90.0, 2)]


@pytest.mark.parametrize(("old", "new", "field"), [
    ("2026-11-20T10:00:00Z", "soon", "time_utc"), ("26.0,-97.5", "96.0,-97.5", "lat"), ("26.0,-97.5", "26.0,-187.5", "lon"),
    ("26.0,-97.5", "-97.5,26.0", "swapped"), ("26.0,-97.5", "nan,-97.5", "lat"), ("26.0,-97.5", "26.0,", "lon"), ("26.0,-97.5", "x,-97.5", "lat"),
    (",36,", ",-36,", "speed_kmh"), ("vehicle", "rocket", "kind"), ("V-1,", ",", "tag_id"), (",36,", ",inf,", "speed_kmh"),
])
def test_a_bad_value_refuses_the_file_and_is_named(environment, tmp_path, old, new, field):
    bad = ROW.replace(old, new) if old == "V-1," else ROW.replace("V-1", "V-2").replace(old, new)
    path = write(tmp_path, f"{HEAD}\n{ROW}\n{bad}\n")
    report = load(environment, path)
    assert report.error and "line 3" in report.error and field in report.error, report.error
    assert ask(environment, "SELECT count(*) FROM fix") == [(0,)]
    kept = load(environment, path, keep_good=True)
    assert (kept.read, kept.stored, kept.refused) == (2, 1, 1)


def test_a_known_layout_needs_no_option_and_knows_what_is_unknown(environment, tmp_path):
    head = "MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,CallSign,VesselType,Status,Length,Width,Draft,Cargo,TransceiverClass"
    rows = "799000001,2026-11-20T10:00:00,26.0,-97.0,10.0,360.0,511.0,AZUL,,,,,,,,,A\n799000001,2026-11-20T10:01:00,26.0,-97.01,0.0,10.0,20.0,AZUL,,,,,,,,,A"
    assert load(environment, write(tmp_path, f"{head}\n{rows}\n")).stored == 2
    assert ask(environment, "SELECT round(speed_mps::numeric, 2)::text, course_deg, heading_deg FROM fix ORDER BY observed_at") == [
        ("5.14", None, None), ("0.00", 10.0, 20.0)]


def test_times_without_a_zone_are_refused_or_told(environment, tmp_path):
    mapping = write(tmp_path, 'layer = "tracks"\n[columns]\nid = "key"\nt = "time"\nx = "lon"\ny = "lat"\n[constants]\nkind = "drone"\n', "m.toml")
    path = write(tmp_path, "id,t,x,y\nd,2026-11-01 01:30:00,-97.0,26.0\n")
    report = load(environment, path, mapping=mapping)
    assert "--zone" in report.error
    assert load(environment, path, mapping=mapping, zone="America/Chicago").stored == 1
    # Half past one came twice that night; the first is meant.
    assert ask(environment, "SELECT observed_at FROM fix") == [(datetime(2026, 11, 1, 6, 30, tzinfo=timezone.utc),)]


def test_parquet_with_real_times_and_numbers(environment, tmp_path):
    mapping = write(tmp_path, 'layer = "tracks"\ncrs = "EPSG:32614"\n[columns]\nid = "key"\nt = "time"\ne = "x"\nn = "y"\n[constants]\nkind = "drone"\n', "m.toml")
    moments = pa.array([datetime(2026, 11, 20, 10, 0, s, tzinfo=timezone.utc) for s in range(3)], pa.timestamp("us", "UTC"))
    table = pa.table({"id": ["d"] * 3, "t": moments, "e": [650_000.0, 650_010.0, 650_020.0], "n": [2_870_000.0] * 3})
    pa.parquet.write_table(table, tmp_path / "t.parquet")
    assert load(environment, tmp_path / "t.parquet", mapping=mapping).stored == 3
    assert ask(environment, "SELECT count(*), round(sum(length_m)) FROM segment WHERE NOT gap") == [(1, 20.0)]


def test_doubtful_fixes_are_flagged_and_kept(environment, tmp_path):
    rows = [ROW, ROW.replace("2026-11-20", "2099-01-01"), ROW.replace("2026-11-20", "1985-01-01"), ROW.replace("26.0,-97.5", "0.0,0.0").replace("10:00:00", "11:00:00")]
    assert load(environment, write(tmp_path, HEAD + "\n" + "\n".join(rows) + "\n"), world="live").stored == 4
    told = dict(ask(environment, "SELECT to_char(observed_at, 'YYYY-HH24'), flags FROM fix"))
    assert told["2099-10"] & FUTURE and told["1985-10"] & ANCIENT and told["2026-11"] & NULL_ISLAND


def test_what_can_not_follow_the_fix_before_it_is_flagged_and_in_no_line(environment, tmp_path):
    rows = [ROW.replace("10:00:00", f"10:{minute:02}:00").replace("-97.5,36", place) for minute, place in
            ((20, "-97.48,36"), (0, "-97.5,36"), (10, "-60.0,36"), (30, "-97.47,900"))]  # in no order: it is that of time which counts
    assert load(environment, write(tmp_path, "\n".join([HEAD, *rows, ""]))).stored == 4
    assert [row[0] for row in ask(environment, "SELECT flags FROM fix ORDER BY observed_at")] == [0, TELEPORT, 0, IMPOSSIBLE_SPEED]
    assert ask(environment, "SELECT sum(fix_count), max(ST_XMax(line)) < -97 FROM segment") == [(2, True)]


def test_reads_are_fixes_at_their_reader(environment, tmp_path):
    reads = write(tmp_path, "epc,reader,time,rssi\nb'3034E5',GATE-1,2026-11-20T10:00:00Z,-50\n3034E5,GATE-2,2026-11-20T12:00:00Z,-50\n", "reads.csv")
    assert "reader whose place is known" in load(environment, reads).error
    readers = write(tmp_path, "reader,name,lat,lon\nGATE-1,North gate,26.1,-97.6\nGATE-2,South gate,26.0,-97.5\n", "readers.csv")
    assert load(environment, readers).stored == 2 and load(environment, readers).already == 2
    assert load(environment, reads).stored == 2
    assert ask(environment, "SELECT key, kind FROM track") == [("epc:3034E5", "tag")]
    assert ask(environment, "SELECT round(ST_X(geom)::numeric, 1)::text FROM fix ORDER BY observed_at") == [("-97.6",), ("-97.5",)]


READS = "epc,reader,time\n3034E5,GATE-1,2026-11-20T10:00:00Z\n3034E6,GATE-2,2026-11-20T10:00:05Z\n"


@pytest.mark.parametrize("told", [
    "reader,name,lat,lon\nGATE-1,North gate,26.1,-97.6\nGATE-2,,26.0,-97.5\n",
    "code,name,lat,lon,precision_m\nGATE-1,North gate,26.1,-97.6,5\nGATE-2,,26.0,-97.5,5\n",
], ids=["readers", "places"])
def test_reads_with_their_readers_told_beside_them(environment, tmp_path, told):
    report = load(environment, write(tmp_path, READS, "reads.csv"), places=write(tmp_path, told, "readers.csv"))
    assert (report.read, report.stored, report.error) == (2, 2, None)
    assert ask(environment, "SELECT key, name, round(ST_X(geom)::numeric, 1)::text FROM reader ORDER BY key") == [
        ("GATE-1", "North gate", "-97.6"), ("GATE-2", None, "-97.5")]
    assert ask(environment, "SELECT DISTINCT t.kind FROM fix f JOIN track t ON t.id = f.track_id JOIN reader r ON r.qk = f.qk") == [("tag",)]
    # Once told it is known: later reads need no file.
    assert load(environment, write(tmp_path, READS.replace("T10", "T11"), "later.csv")).stored == 2


def test_a_reader_nobody_knows_refuses_its_reads_alone(environment, tmp_path):
    places = write(tmp_path, "reader,name,lat,lon\nGATE-1,North gate,26.1,-97.6\n", "readers.csv")
    path = write(tmp_path, READS, "reads.csv")
    report = load(environment, path, places=places)
    assert "line 3: reader is 'GATE-2'" in report.error and "--places" in report.error
    assert ask(environment, "SELECT (SELECT count(*) FROM fix) + (SELECT count(*) FROM reader)") == [(0,)]
    kept = load(environment, path, places=places, keep_good=True)
    assert (kept.read, kept.stored, kept.refused) == (2, 1, 1)
    assert "reads.csv,3,reader,GATE-2," in Path(kept.rejects).read_text()


@pytest.mark.parametrize(("told", "words"), [
    ("reader,name,lat,lon\nGATE-1,N,96,-97\n", "line 2: lat"), ("reader,name,lat,lon\nGATE-1,N,26,x\n", "line 2: lon"),
    ("reader,name,lat,lon\n,N,26,-97\n", "line 2: reader"), ("reader,name,lat,lon\nG,N,nan,-97\n", "line 2: lat"), ("a,b\n1,2\n", "known layout"),
])
def test_a_file_of_readers_that_is_wrong_is_named(environment, tmp_path, told, words):
    places = write(tmp_path, told, "readers.csv")
    report = load(environment, write(tmp_path, READS, "reads.csv"), places=places)
    assert "readers.csv" in report.error and words in report.error
    if "known" not in words:
        assert words.removeprefix("line 2: ") in load(environment, places).error


GPX = """<?xml version="1.0"?><gpx version="1.1" creator="t" xmlns="http://www.topografix.com/GPX/1/1"><wpt lat="1" lon="1"/>
<trk><name>Patrol</name><type>{kind}</type><trkseg>{points}</trkseg></trk></gpx>"""
POINT = '<trkpt lat="26.{i}" lon="-97.5"><ele>5</ele><time>2026-11-20T10:0{i}:00Z</time></trkpt>'


def test_gpx(environment, tmp_path):
    text = GPX.format(kind="vehicle", points="".join(POINT.format(i=i) for i in range(5)))
    report = load(environment, write(tmp_path, text, "t.gpx"))
    assert (report.read, report.stored) == (5, 5)
    assert ask(environment, "SELECT kind, name FROM track") == [("vehicle", "Patrol")]


@pytest.mark.parametrize(("text", "words"), [
    (GPX.format(kind="9", points=POINT.format(i=1)), "what moved"), (GPX.format(kind="vehicle", points='<trkpt lat="26" lon="-97"/>'), "time"),
    (GPX.format(kind="vehicle", points='<trkpt lat="96" lon="-97"><time>2026-11-20T10:00:00Z</time></trkpt>'), "latitude"),
    ('<?xml version="1.0"?><!DOCTYPE gpx [<!ENTITY a "b">]><gpx/>', "DOCTYPE"), (GPX.format(kind="vehicle", points=""), "track point"),
    (GPX.format(kind="vehicle", points=POINT.format(i=1))[:-20], "well-formed"),
])
def test_gpx_that_is_refused(environment, tmp_path, text, words):
    report = load(environment, write(tmp_path, text, "t.gpx"))
    assert words in report.error
    assert ask(environment, "SELECT count(*) FROM track") == [(0,)]


def test_a_doctype_in_utf_16_is_seen(environment, tmp_path):
    path = tmp_path / "t.gpx"
    path.write_bytes('<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE gpx [<!ENTITY a "b">]><gpx/>'.encode("utf-16"))
    assert "DOCTYPE" in load(environment, path).error


def test_an_import_says_what_it_sealed_and_what_was_offered_or_handed_over(environment, tmp_path):
    """From the file to the other agency's track: numbers of the file stay those of the file."""
    import shapely

    from data import authority, handover, people

    day = datetime(2026, 11, 20, tzinfo=timezone.utc)
    with environment.connect() as connection:
        for name in ("Norte", "Este"):
            people.add_agency(connection, name, None)
            authority.govern(connection, name, ["vehicle"])
        for name, reference, area in (("Norte", "N-1", shapely.box(-98, 25, -97.4, 27)), ("Este", "E-1", shapely.box(-97.4, 25, -97, 27))):
            authority.add(connection, name, "judicial-order", reference, issuer="Court", purpose="Investigation", devices=["tag:V-1"], valid_from=day, valid_to=day.replace(year=2090), area=area)
        handover.set_area(connection, "Este", shapely.box(-97.4, 25, -97, 27))
        connection.commit()
    environment.person("esther", roles=("supervisor",), agencies=["Este"])

    def load_at(hour: int, *lon: float) -> object:
        rows = [ROW.replace("Guardia EX", "Norte").replace("T10:00:00Z", f"T{hour}:{minute:02}:00Z").replace("-97.5", str(x)) for minute, x in enumerate(lon)]
        return load(environment, write(tmp_path, "\n".join([HEAD, *rows, ""]), f"t{hour}.csv"), world="live")

    first = load_at(10, -97.5, -97.3, -90.0)
    assert (first.read, first.stored, first.error) == (3, 3, None) and first.note.endswith("2 of them sealed in quarantine: 2 outside its area; see docs/authority.md; 1 hand-overs offered")
    with environment.connect() as connection:
        handover.accept(connection, 1, "E-1", "esther")
        connection.execute("UPDATE handover SET decided_at = %s", (day,))
        connection.commit()
    second = load_at(11, -97.5, -97.3, -90.0)
    assert (second.read, second.stored, second.error) == (3, 3, None) and second.note.endswith("1 fixes stored for who accepted a hand-over")
    assert ask(environment, "SELECT a.name, count(*) FROM fix f JOIN track t ON t.id = f.track_id JOIN agency a ON a.id = t.agency_id GROUP BY 1 ORDER BY 1") == [("Este", 1), ("Norte", 2)]
