"""Notes over real HTTP: made by those who may, stored once, with a photo that says nothing of itself any more; and what the record knows."""

from __future__ import annotations

import hashlib
import io
import json
from uuid import uuid4

import pytest
from PIL import Image

from data import people
from settings import store
from tests.routes.asked import LIVE, ask, entries

PLACE = {"lon": -97.9, "lat": 26.1}


def told(**more) -> dict:
    return {"uuid": str(uuid4()), "kind": "sighting", **PLACE, "precision_m": 12.5, "observed_at": "2026-11-24T08:32:00-06:00", "text": "two men, one boat", **more}


def send(server, token, body: dict, photo: bytes | None = None, world: str = "live"):
    line = json.dumps(body).encode()
    return ask(server, f"/api/notes?world={world}", token, "POST", content=line if photo is None else line + b"\n" + photo)


def picture(format: str = "JPEG", size=(64, 48), **more) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", size, (90, 120, 60)).save(made, format, **more)
    return made.getvalue()


def located() -> bytes:
    """A photo that says where it was taken, and lies on its side."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "SECRET-MAKER"
    exif.get_ifd(0x8825)[1] = "N"
    return picture(exif=exif)


def test_who_watches_makes_notes_and_everybody_of_the_agency_sees_them(server, visitors):
    made = {}
    for role in people.ROLES:
        answer = send(server, visitors[role], told(text=f"by {role}"))
        assert answer.status_code == (201 if role in ("coordinator", "analyst", "supervisor") else 403), (role, answer.text)
        if answer.status_code == 201:
            made[role] = answer.json()["id"]
    for role in people.ROLES:
        body = ask(server, f"/api/notes?{LIVE}", visitors[role]).json()
        assert set(made.values()) <= {f["id"] for f in body["features"]} and body["total"] == len(body["features"])
        assert ask(server, f"/api/notes/{made['analyst']}?{LIVE}", visitors[role]).json()["text"] == "by analyst"
    found = next(f for f in ask(server, f"/api/notes?{LIVE}", visitors["viewer"]).json()["features"] if f["id"] == made["analyst"])
    assert found["geometry"] == {"type": "Point", "coordinates": [-97.9, 26.1]}
    assert {k: found["properties"][k] for k in ("kind", "precision_m", "observed_at", "made_by", "agency", "marking", "own", "may_withdraw", "photo_sha256")} == {
        "kind": "sighting", "precision_m": 12.5, "observed_at": "2026-11-24T14:32:00Z", "made_by": "analyst", "agency": "Bravo", "marking": "TLP:AMBER", "own": False, "may_withdraw": False,
        "photo_sha256": None}
    assert ask(server, f"/api/notes?{LIVE}", visitors["screen"]).status_code == 403
    # Another agency sees nothing of it, in any answer.
    assert not {f["id"] for f in ask(server, f"/api/notes?{LIVE}", visitors["ana"]).json()["features"]} & set(made.values())
    for number in made.values():
        assert ask(server, f"/api/notes/{number}?{LIVE}", visitors["ana"]).status_code == 404
        assert ask(server, f"/api/notes/{number}", visitors["ana"], "DELETE").status_code == 404
        assert ask(server, f"/api/notes/{number}", visitors["viewer"], "DELETE").status_code == 404


def test_a_note_sent_again_is_stored_once(server, visitors, module_database):
    body = told(text="lost answer")
    first = send(server, visitors["coordinator"], body, located())
    assert first.status_code == 201 and first.json()["already"] is False
    again = send(server, visitors["coordinator"], body, located())
    assert (again.status_code, again.json()) == (200, {**first.json(), "already": True})
    for other, photo in (({**body, "text": "another"}, located()), (body, picture()), (body, None)):
        answer = send(server, visitors["coordinator"], other, photo)
        assert answer.status_code == 409 and "with other content" in answer.json()["error"]
    with module_database.connect() as connection:
        assert connection.execute("SELECT count(*), min(text) FROM note WHERE uuid = %s", (body["uuid"],)).fetchone() == (1, "lost answer")


def test_it_is_sent_as_nobody_but_who_wrote_it(server, visitors):
    """Somebody else signs in on the browser it waits in."""
    me = ask(server, "/api/me", visitors["coordinator"]).json()
    assert me["markings"] == ["TLP:AMBER", "TLP:GREEN", "TLP:CLEAR"]
    body = told(person=me["id"])
    answer = send(server, visitors["analyst"], body)
    assert answer.status_code == 401 and "another person's" in answer.json()["error"]
    assert send(server, visitors["coordinator"], body).status_code == 201


def test_a_photo_is_kept_as_it_came_and_served_without_what_it_says(server, visitors):
    raw = located()
    number = send(server, visitors["coordinator"], told(text=""), raw).json()["id"]
    about = ask(server, f"/api/notes/{number}?{LIVE}", visitors["viewer"]).json()
    assert (about["photo_sha256"], about["photo_bytes"], about["photo_width_px"], about["photo_height_px"]) == (hashlib.sha256(raw).hexdigest(), len(raw), 48, 64), "upright"
    answer = ask(server, f"/api/notes/{number}/photo?{LIVE}", visitors["viewer"])
    assert answer.headers["content-type"] == "image/webp" and b"SECRET" in raw and b"SECRET" not in answer.content and b"EXIF" not in answer.content
    with Image.open(io.BytesIO(answer.content)) as seen:
        assert (seen.format, seen.size, dict(seen.getexif())) == ("WEBP", (48, 64), {})
    assert (store().originals / f"{about['photo_sha256']}.jpg").read_bytes() == raw
    assert ask(server, f"/api/notes/{number}/photo?{LIVE}", visitors["ana"]).status_code == 404
    for format in ("PNG", "WEBP"):
        assert send(server, visitors["coordinator"], told(), picture(format)).status_code == 201


@pytest.mark.parametrize(("photo", "status", "said"), [
    (b"<svg onload=alert(1)>", 422, "a JPEG, PNG or WebP"), (picture("GIF"), 422, "a JPEG, PNG or WebP"), (picture("TIFF"), 422, "a JPEG, PNG or WebP"), (b"RIFF\0\0\0\0WAVE", 422, "a JPEG, PNG or WebP"),
    (picture()[:300], 422, "can be read"), (picture("PNG", (8000, 6300)), 422, "at most 50,000,000 pixels"), (b"\xff\xd8\xff" + b"x" * 10_000_000, 413, "10,000,000 at most"),
])
def test_what_is_no_photo_is_refused_and_nothing_is_kept(server, visitors, module_database, photo, status, said):
    body = told()
    answer = send(server, visitors["coordinator"], body, photo)
    assert answer.status_code == status and said in answer.json()["error"], answer.text
    with module_database.connect() as connection:
        assert connection.execute("SELECT count(*) FROM note WHERE uuid = %s", (body["uuid"],)).fetchone() == (0,)
    assert not list(store().originals.glob(hashlib.sha256(photo).hexdigest() + "*"))


@pytest.mark.parametrize(("more", "said"), [
    ({"uuid": "7"}, "a UUID"), ({"kind": 5}, "kind: expected a text"), ({"lon": "west"}, "lon: expected a number"), ({"lat": True}, "lat: expected a number"), ({"lon": 200}, "±180"), ({"observed_at": "yesterday"}, "a time such as"),
    ({"observed_at": "2026-11-24T14:32:00"}, "with its zone"), ({"text": "x" * 4001}, "4,000"), ({"text": "a\0b"}, "a text"), ({"text": " \n "}, "neither a text nor a photo"), ({"also": 1}, "the note has 'also'"), ({"marking": "SECRET"}, "TLP:RED"),
])
def test_what_is_wrong_is_said(server, visitors, more, said):
    answer = send(server, visitors["coordinator"], told(**more))
    assert answer.status_code == 422 and said in answer.json()["error"], answer.text


def test_a_body_that_is_none_is_said(server, visitors):
    for content, status in ((b"", 422), (b"[1]", 422), (b"{", 422), (b"x" * 100_001, 413)):
        assert ask(server, "/api/notes", visitors["coordinator"], "POST", content=content).status_code == status
    for query in ("note=rumour", "limit=0", "limit=1001", "limit=x", "nowhere=1"):
        assert ask(server, f"/api/notes?{query}", visitors["coordinator"]).status_code == 422


def test_a_strangers_page_makes_none(server, visitors):
    answer = ask(server, "/api/notes", visitors["coordinator"], "POST", content=json.dumps(told()).encode(), headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def test_an_answer_that_is_held_is_a_304_until_there_is_another(server, visitors):
    first = ask(server, f"/api/notes?{LIVE}", visitors["viewer"])
    tag = {"If-None-Match": first.headers["etag"]}
    assert ask(server, f"/api/notes?{LIVE}", visitors["viewer"], headers=tag).status_code == 304
    send(server, visitors["coordinator"], told())
    assert ask(server, f"/api/notes?{LIVE}", visitors["viewer"], headers=tag).status_code == 200
    assert len(ask(server, f"/api/notes?{LIVE}&limit=1&note=sighting", visitors["viewer"]).json()["features"]) == 1


def test_the_record_knows_who_made_looked_and_withdrew_and_no_word_of_it(server, visitors, module_database):
    start = len(entries(module_database))
    number = send(server, visitors["coordinator"], told(text="CANARY-WORDS"), picture()).json()["id"]
    ask(server, f"/api/notes/{number}/photo?{LIVE}", visitors["viewer"])
    assert ask(server, f"/api/notes/{number}", visitors["supervisor"], "DELETE").json() == {"id": number, "withdrawn": True}
    assert ask(server, f"/api/notes/{number}?{LIVE}", visitors["viewer"]).json()["withdrawn_by"] == "supervisor"
    assert number not in {f["id"] for f in ask(server, f"/api/notes?{LIVE}", visitors["viewer"]).json()["features"]}
    there = entries(module_database)[start:]
    told_ = [(e["what"], e["of"], e.get("to")) for e in there]
    assert ("change", "note", "sighting, with a photo, TLP:AMBER") in told_ and ("change", f"note:{number}", "withdrawn") in told_
    assert ("consultation", f"notes/{number}/photo", None) in told_ and "CANARY" not in json.dumps(there)


def test_an_exercises_notes_are_everybodys(server, visitors):
    number = send(server, visitors["ana"], told(text="a drill"), world="exercise").json()["id"]
    assert ask(server, f"/api/notes/{number}?world=exercise", visitors["viewer"]).json()["agency"] is None
    assert ask(server, f"/api/notes/{number}?{LIVE}", visitors["ana"]).status_code == 404
