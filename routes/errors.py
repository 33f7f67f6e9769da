"""Errors as JSON, by the one table of errors.py. No SQL, path or trace ever leaves."""

from __future__ import annotations

import logging

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from errors import FilterInvalid, StreamsFull, VigiaError, http_status
from routes.asking import as_json

log = logging.getLogger("vigia.routes")


def install(server: FastAPI) -> None:
    """Hang the handlers on the server."""
    server.add_exception_handler(VigiaError, _named)
    server.add_exception_handler(RequestValidationError, _malformed)
    server.add_exception_handler(SQLAlchemyError, _database)
    server.add_exception_handler(HTTPException, _http)


async def _named(request: Request, error: VigiaError) -> Response:
    body: dict = {"error": str(error)}
    if isinstance(error, FilterInvalid):
        body["problems"] = error.problems
    status = http_status(error)
    if status >= 500:
        log.error("%s %s: %s", request.method, request.url.path, error)
    answer = as_json(body, status=status)
    if isinstance(error, StreamsFull):
        answer.headers["Retry-After"] = str(error.retry_s)
    return answer


async def _malformed(request: Request, error: RequestValidationError) -> Response:
    # A path part that is no number means that there is no such thing; a bad query value is told by its name.
    problems = [
        {"key": str(e["loc"][-1]), "value": str(e.get("input"))[:200], "expected": e["msg"]} for e in error.errors()
    ]
    if all(e["loc"][0] == "path" for e in error.errors()):
        return as_json({"error": f"no {request.url.path} here"}, status=404)
    told = "; ".join(f"{p['key']}={p['value']}: {p['expected']}" for p in problems)
    return as_json({"error": told, "problems": problems}, status=422)


async def _database(request: Request, error: SQLAlchemyError) -> Response:
    log.error("%s %s: %s", request.method, request.url.path, error)
    if "statement timeout" in str(error):
        return as_json({"error": "the question took too long; ask for less time or a smaller area"}, status=503)
    return as_json({"error": "the database could not answer"}, status=503)


async def not_there(request: Request, error: Exception) -> Response:
    """A 404 for what a library tells in an error of its own."""
    return as_json({"error": f"no {request.url.path[:200]} here"}, status=404)


async def _http(request: Request, error: HTTPException) -> Response:
    answer = as_json({"error": error.detail}, status=error.status_code)
    answer.headers.update(error.headers or {})  # `Allow` of a 405
    return answer
