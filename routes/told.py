"""What a request tells in its body: a small JSON object, read with a limit."""

from __future__ import annotations

import orjson
from fastapi import Request

from errors import BodyTooLong, InputRefused

BYTES_MAX = 1_000_000


async def told(request: Request, *keys: str) -> dict:
    """The body's object, with none but these keys; an empty body is an empty object. Raises InputRefused, BodyTooLong."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > BYTES_MAX:
            raise BodyTooLong(f"more than {BYTES_MAX:,} bytes")
        parts.append(part)
    body = b"".join(parts)
    if not body:
        return {}
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InputRefused(f"the body is no JSON: {error}"[:200]) from None
    if not isinstance(found, dict):
        raise InputRefused("the body is expected to be an object")
    if wrong := [k for k in found if k not in keys]:
        raise InputRefused(f"the body has {wrong[0][:40]!r}, expected {', '.join(keys)}")
    return found


def text_of(found: dict, key: str, most: int, default: str | None = None) -> str | None:
    """A text of the body. Raises InputRefused."""
    value = found.get(key, default)
    if value is not None and not (isinstance(value, str) and len(value) <= most and all(c.isprintable() or c == "\n" for c in value)):
        raise InputRefused(f"{key}: expected at most {most} printable characters")
    return value
