"""The record: what is appended can be proven, and what is changed afterwards is found."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from data import merkle
from data.audit import Recorder, public_key, signing_key
from data.audit_proof import proof, verify
from data.cluster import SETUP
from errors import NotFound, RecordFailed
from tests.conftest import ROOT

VERIFIER = ROOT / "exports/verify_audit.py"


@pytest.fixture
async def recorder(database, tmp_path):
    pool = database.pool()
    recorder = Recorder(pool, tmp_path / "key")
    recorder.start()
    yield recorder
    await recorder.stop()
    await pool.close()


@pytest.fixture
def superuser(database, cluster):
    with psycopg.connect(cluster.url(SETUP, database.name).replace("+psycopg", ""), autocommit=True) as connection:
        yield connection


async def filled(recorder: Recorder, n: int = 37, at: int = 20) -> None:
    """n entries, with a head after the first `at` and one at the end."""
    for k in range(at):
        await recorder.record("consultation", "person:1", of=f"tracks/{k}")
    await recorder.head()
    await asyncio.gather(*(recorder.record("consultation", "person:2", of=f"tracks/{k}") for k in range(n - at)))
    await recorder.head()


def checked(database, recorder: Recorder) -> list[str]:
    with database.connect() as connection:
        return verify(connection, public_key(recorder._key), lambda *_: None).wrong


async def test_it_holds_and_its_tree_is_that_of_the_entries(database, recorder):
    await filled(recorder)
    assert checked(database, recorder) == []
    with database.connect() as connection:
        leaves = [merkle.leaf_hash(e.encode()) for (e,) in connection.execute("SELECT entry FROM audit.entry ORDER BY seq")]
        roots = {size: bytes(root) for size, root in connection.execute("SELECT size, root FROM audit.head")}
    assert len(leaves) >= 37 and len(roots) == 2
    for size, root in roots.items():
        assert root == merkle.root(leaves[:size])


@pytest.mark.parametrize("statement, said", [
    ("UPDATE audit.entry SET entry = replace(entry, 'person:1', 'person:9') WHERE seq = 5", "entry 5 was changed"),
    ("DELETE FROM audit.entry WHERE seq = 7", "entry 7 is missing"),
    ("DELETE FROM audit.entry WHERE seq >= 30", "the record ends with entry 29"),
    ("UPDATE audit.node SET hash = sha256('x') WHERE level = 2 AND number = 8", "the kept hashes are not those"),
    ("UPDATE audit.head SET root = sha256('x') WHERE size = 20 + (SELECT min(size) - 20 FROM audit.head)", "does not fit"),
    ("UPDATE audit.head SET at = at - interval '1 day'", "signature"),
    ("UPDATE audit.entry SET entry = x.entry, leaf = sha256('\\x00'::bytea || convert_to(x.entry, 'UTF8')) "
     "FROM (SELECT replace(entry, 'person:1', 'person:9') AS entry FROM audit.entry WHERE seq = 5) x WHERE seq = 5", "the tree made anew"),
])
async def test_what_even_a_superuser_changes_is_found(database, recorder, superuser, statement, said):
    await filled(recorder)
    superuser.execute(statement)
    assert any(said in line for line in checked(database, recorder)), checked(database, recorder)


async def test_a_head_signed_by_another_is_found(database, recorder, superuser):
    await filled(recorder)
    stranger = Ed25519PrivateKey.generate()
    superuser.execute("UPDATE audit.head SET key = %s", (public_key(stranger),))
    assert any("another key" in line for line in checked(database, recorder))


async def test_many_at_once_lose_and_double_nothing(database, recorder):
    with database.connect() as connection:
        (before,) = connection.execute("SELECT count(*) FROM audit.entry").fetchone()
    await asyncio.gather(*(recorder.record("consultation", f"person:{k}") for k in range(1500)))
    with database.connect() as connection:
        whole, different = connection.execute("SELECT count(*), count(DISTINCT entry::jsonb ->> 'who') FROM audit.entry WHERE seq >= %s", (before,)).fetchone()
    assert whole == different == 1500
    await recorder.head()
    assert checked(database, recorder) == []


async def test_what_can_not_be_written_is_told(database, recorder, superuser):
    superuser.execute("REVOKE EXECUTE ON FUNCTION audit.append(text[]) FROM vigia_app")
    with pytest.raises(RecordFailed):
        await recorder.record("consultation", "person:1")
    superuser.execute("GRANT EXECUTE ON FUNCTION audit.append(text[]) TO vigia_app")
    await recorder.record("consultation", "person:1")


async def test_a_hash_is_the_same_all_day_and_another_without_its_salt(recorder, superuser):
    first = await recorder.hashed("  Ramon ")
    assert first == await recorder.hashed("ramon") != await recorder.hashed("ramona") and len(first) == 32
    superuser.execute("DELETE FROM audit.salt")
    recorder._salts.clear()
    assert await recorder.hashed("ramon") != first


async def test_the_serving_role_can_neither_read_nor_change_it(database):
    pool = database.pool()
    try:
        for statement in ("SELECT * FROM audit.entry", "DELETE FROM audit.entry", "UPDATE audit.head SET size = 1", "SELECT * FROM audit.salt"):
            with pytest.raises(Exception, match="permission denied"):
                async with pool.asking(write=True) as session:
                    await session.execute(text(statement))
    finally:
        await pool.close()


# -- for outsiders ----------------------------------------------------------------------------------------------------


def outside(path, *words: str) -> subprocess.CompletedProcess:
    """The verifier as an outsider runs it: one file, no package, no environment."""
    return subprocess.run([sys.executable, "-I", "-S", VERIFIER, path, *words], capture_output=True, text=True, check=False, env={})


async def test_an_outsider_checks_an_entry_with_one_file(database, recorder, tmp_path):
    await filled(recorder)
    key = public_key(recorder._key).hex()
    path = tmp_path / "proof.json"
    with database.connect() as connection:
        (since,) = connection.execute("SELECT min(size) FROM audit.head").fetchone()
        (total,) = connection.execute("SELECT max(size) FROM audit.head").fetchone()
        for seq in (0, 5, since - 1, since, total - 1):
            path.write_text(json.dumps(proof(connection, seq, since)))
            done = outside(path, key)
            assert done.returncode == 0 and done.stdout.startswith(f"HOLDS\nentry {seq} of {total}"), done.stdout + done.stderr
        with pytest.raises(NotFound, match="no entry 999"):
            proof(connection, 999)


async def test_one_flipped_byte_fails(database, recorder, tmp_path):
    await filled(recorder)
    key = public_key(recorder._key).hex()
    path = tmp_path / "proof.json"
    with database.connect() as connection:
        (since,) = connection.execute("SELECT min(size) FROM audit.head").fetchone()
        right = json.dumps(proof(connection, 5, since))
    told = json.loads(right)
    spoiled = [right.replace("person:", "Person:", 1), right.replace('"index": 5', '"index": 6')]
    for value in (told["inclusion"][0], told["consistency"][-1], told["head"]["root"], told["head"]["signature"], told["head"]["key"], told["since"]["root"],
                  told["since"]["signature"]):
        spoiled.append(right.replace(value, ("0" if value[0] != "0" else "1") + value[1:]))
        spoiled.append(right.replace(value, value[:-1] + ("0" if value[-1] != "0" else "1")))
    for text_ in (*spoiled, "{}", "[]", "not json", right.replace(told["head"]["key"], public_key(Ed25519PrivateKey.generate()).hex())):
        path.write_text(text_)
        done = outside(path, key)
        assert done.returncode == 1 and done.stdout.startswith("WRONG"), text_[:200]


def test_the_key_is_made_once_and_closed(tmp_path):
    first = public_key(signing_key(tmp_path / "home/key"))
    assert public_key(signing_key(tmp_path / "home/key")) == first
    assert (tmp_path / "home/key").stat().st_mode & 0o777 == 0o600
    assert list((tmp_path / "home").iterdir()) == [tmp_path / "home/key"]
