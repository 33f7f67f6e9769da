"""The made-up world itself: roads, what is planted, and how seizures come in clusters."""

from __future__ import annotations

import numpy as np
import pytest

from exercise import gates, ground, land, planted, sea, seizing
from exercise.movers import DAY_S, HOUR_S, Clock, where
from exercise.streams import stream

END_S = 1_795_530_720  # 2026-11-24T14:32:00Z


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock(7, END_S - 60 * DAY_S, END_S)


def test_streams_hang_on_seed_and_name_alone():
    first = stream(7, "truck", "1").random(4)
    assert (stream(7, "truck", "1").random(4) == first).all()
    assert not (stream(7, "truck", "2").random(4) == first).any()
    assert not (stream(8, "truck", "1").random(4) == first).any()


def test_towns_stand_on_their_side_of_the_border():
    towns = ground.of_kind("town")
    sides = ground.side_of(np.array([p.lon for p in towns]), np.array([p.lat for p in towns]))
    assert [p.name for p, side in zip(towns, sides) if p.side != side] == []


def test_roads_cross_the_border_only_at_ports_of_entry():
    for a, ways in ground.roads().items():
        for b, (_, line) in ways.items():
            if "port" in (ground.places()[a].kind, ground.places()[b].kind):
                continue
            sides = ground.side_of(line[:, 0], line[:, 1])
            assert len(set(sides)) == 1, f"{a} to {b}"


def test_a_way_avoids_what_is_shut():
    usual = ground.way("McAllen", "Reynosa")
    assert usual[0] == "McAllen" and usual[-1] == "Reynosa"
    port = next(name for name in usual if ground.places()[name].kind == "port")
    other = ground.way("McAllen", "Reynosa", frozenset({port}))
    assert port not in other and other[-1] == "Reynosa"
    every = frozenset(p.name for p in ground.of_kind("port"))
    assert ground.way("McAllen", "Reynosa", every) == []


def test_fixes_lie_where_the_mover_was(clock):
    small = Clock(7, END_S - 4 * DAY_S, END_S, 0.1)
    for mover in land.trucks(small):
        f = mover.fixes
        assert (np.diff(f.t) > 0).all() and f.t[0] >= small.start_s and f.t[-1] <= small.end_s
        # What is told is the road to within the receiver's noise: six metres, so none is 60 m off.
        lon, lat = np.interp(f.t, *_joined(mover, "lon")), np.interp(f.t, *_joined(mover, "lat"))
        assert ground.distance_m(lon, lat, f.lon, f.lat).max() < 60
        assert f.speed_kmh.max() < 140


def _joined(mover, name):
    return np.concatenate([leg.t for leg in mover.legs]), np.concatenate([getattr(leg, name) for leg in mover.legs])


def test_planted_gaps_are_silent_and_the_object_moves_in_them(clock):
    vessels, trucks = sea.vessels(clock), land.trucks(Clock(7, clock.start_s, clock.end_s, 0.5))
    plants = planted.gaps(clock, vessels, trucks)
    by_id = {m.id: m for m in [*vessels, *trucks]}
    gaps = [p for p in plants if p.kind == "gap"]
    assert len(gaps) >= 6
    for p in gaps:
        mover = by_id[p.subjects[0]]
        assert not ((mover.fixes.t >= p.start_s) & (mover.fixes.t <= p.end_s)).any()
        before, after = (mover.fixes.t < p.start_s).any(), (mover.fixes.t > p.end_s).any()
        assert before and after


def test_marisma_azul_is_silent_for_42_minutes_at_the_end(clock):
    vessel = sea.vessels(clock)[0]
    assert vessel.name == "Marisma Azul" and vessel.mmsi == 799_000_014
    assert 42 * 60 - 60 < clock.end_s - vessel.fixes.t[-1] < 42 * 60 + 60
    assert (vessel.fixes.lat[-1], vessel.fixes.lon[-1], vessel.fixes.course_deg[-1]) == (26.2, -96.9131, 353)
    before = vessel.fixes.course_deg[-8:-1]
    assert np.abs(before - 353).max() < 6


def test_the_meeting_is_close_slow_and_long(clock):
    (boat, ship), (plant,) = planted.meeting(clock)
    t = np.arange(plant.start_s, plant.end_s, 60)
    (lon_a, lat_a), (lon_b, lat_b) = where(boat.legs, t), where(ship.legs, t)
    assert ground.distance_m(lon_a, lat_a, lon_b, lat_b).max() < 500
    assert plant.end_s - plant.start_s >= 2 * HOUR_S
    pace = ground.distance_m(lon_a[:-1], lat_a[:-1], lon_a[1:], lat_a[1:]) / 60
    assert np.median(pace) < 2 * 0.5144


def test_one_mmsi_is_told_from_two_places_at_once(clock):
    (a, b), (plant,) = planted.double_identity(clock)
    assert a.mmsi == b.mmsi and a.length_m != b.length_m
    middle = np.mean([plant.start_s, plant.end_s])
    i, j = np.abs(a.fixes.t - middle).argmin(), np.abs(b.fixes.t - middle).argmin()
    assert ground.distance_m(a.fixes.lon[i], a.fixes.lat[i], b.fixes.lon[j], b.fixes.lat[j]) > 30_000


def test_readers_have_ids_of_their_own_and_reads_are_missed_and_false(clock):
    ids = [r.id for r in gates.readers()]
    assert len(set(ids)) == len(ids) >= 28
    reads, missed = gates.reads(clock, land.trucks(clock))
    assert len(reads) > 500 and missed > 10 and any(not r.true for r in reads)
    assert {r.reader for r in reads} <= set(ids)


def knox(events: list[seizing.Event], rng) -> float:
    """Pairs within 3 km and 2 days, against the same places with shuffled times: 1 when events do not draw each other."""
    t = np.array([e.t for e in events]) / DAY_S
    lat, lon = np.array([e.lat for e in events]), np.array([e.lon for e in events])
    a, b = np.triu_indices(len(events), 1)
    near = ground.distance_m(lon[a], lat[a], lon[b], lat[b]) < 3_000
    a, b = a[near], b[near]
    seen = (np.abs(t[a] - t[b]) < 2).sum()
    chance = np.mean([(np.abs(s[a] - s[b]) < 2).sum() for s in (rng.permutation(t) for _ in range(20))])
    return float(seen / chance)


def test_seizures_are_self_exciting_and_would_not_be_without_branching(clock, monkeypatch):
    rng = np.random.Generator(np.random.PCG64(1))
    events = [e for e in seizing.simulate(clock) if not e.cluster]
    assert 1_250 < len(events) < 1_750
    assert knox(events, rng) > 1.4
    share = np.mean([e.parent >= 0 for e in events])
    assert abs(share - seizing.BRANCHING) < 0.06
    monkeypatch.setattr(seizing, "BRANCHING", 0.0)
    assert abs(knox([e for e in seizing.simulate(clock) if not e.cluster], rng) - 1) < 0.2


def test_children_come_after_their_parents_and_near_them(clock):
    events = seizing.simulate(clock)
    for e in events:
        if e.parent >= 0:
            p = events[e.parent]
            assert p.t < e.t and ground.distance_m(p.lon, p.lat, e.lon, e.lat) < 8_100


def test_the_emerging_cluster_grows_and_the_surge_is_found_by_patrols(clock):
    events = seizing.simulate(clock)
    emerging = [e.t for e in events if e.cluster == "emerging"]
    week = [sum(END_S - (k + 1) * 7 * DAY_S <= t < END_S - k * 7 * DAY_S for t in emerging) for k in range(3)]
    assert week[0] > week[1] > week[2]
    surge = [e for e in events if e.cluster == "surge"]
    start, end, lon, lat = seizing.surge_span(clock)
    assert all(start <= e.t <= end and e.found == "patrol" for e in surge) and len(surge) == 34
