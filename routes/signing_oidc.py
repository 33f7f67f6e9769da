"""Signing in with an agency's own provider of OpenID Connect: code flow with PKCE, state and nonce. An account has to be there for it.

What is asked of the provider is asked by this server, and only where one is set. No account is made by it, and no role or agency is taken
from what it says: who may see what stays here.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import secrets
from typing import Any
from urllib.parse import urlsplit

import httpx2
import orjson
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from cachetools import TTLCache
from cryptography.fernet import Fernet, InvalidToken
from fastapi import APIRouter, Request, Response
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from starlette.responses import RedirectResponse

from data import doors
from routes import signing
from routes.asking import database
from settings import access, store

log = logging.getLogger("vigia.oidc")
router = APIRouter(include_in_schema=False)

COOKIE, WITHIN_S = "vigia-oidc", 600
PATIENCE_S = 10
ALGORITHMS = ["RS256", "ES256", "PS256", "EdDSA"]
NOT_NOW = "The sign-in service does not answer as it should. Try again, or sign in with a password."
NOBODY = "There is no account for you here. Whoever keeps this installation adds it: ./vigia user subject NAME"
BROKEN_OFF = "That sign-in took too long or was begun elsewhere. Begin again."
_metadata: TTLCache[str, dict[str, Any]] = TTLCache(4, 3600)


@router.get("/sign-in/oidc")
async def begin(request: Request) -> Response:
    """On to the provider."""
    if access().oidc_issuer is None:
        return signing.form("/", said="There is no sign-in service set up here.", status=404)
    try:
        about = await _about()
    except (httpx2.HTTPError, ValueError) as error:
        return _not_now(error)
    held = {"state": secrets.token_urlsafe(24), "nonce": secrets.token_urlsafe(24), "verifier": secrets.token_urlsafe(48),
            "next": signing.inside(request.query_params.get("next"))}
    async with _client(request) as client:
        address, _ = client.create_authorization_url(
            about["authorization_endpoint"], state=held["state"], nonce=held["nonce"], code_challenge=create_s256_code_challenge(held["verifier"]),
            code_challenge_method="S256")
    answer = RedirectResponse(address, 303)
    # Held by the browser and closed to it: whoever comes back has to be who went.
    answer.set_cookie(COOKIE, _sealer().encrypt(orjson.dumps(held)).decode(), max_age=WITHIN_S, path="/sign-in", secure=access().tls, httponly=True, samesite="lax")
    return answer


@router.get("/sign-in/oidc/return")
async def back(request: Request) -> Response:
    """Back from the provider, with a code that is exchanged for who it is."""
    if signing.too_many(request):
        return signing.form("/", said=signing.TOO_MANY, status=429)
    held = _held(request)
    if held is None or not secrets.compare_digest(held["state"], request.query_params.get("state", "")):
        return signing.form("/", said=BROKEN_OFF, status=401)
    try:
        subject = await _subject(request, held)
    except (httpx2.HTTPError, OAuthError, JoseError, ValueError, KeyError) as error:
        return _not_now(error)
    person = await doors.by_subject(database(request), subject)
    if person is None:
        await signing.record(request, "sign-in refused", "nobody", how="oidc")
        answer = signing.form("/", said=NOBODY, status=401)
    else:
        answer = await signing.let_in(request, person, held["next"], "oidc")
    answer.delete_cookie(COOKIE, path="/sign-in")
    return answer


def subject_of(issuer: str, sub: str) -> str:
    """How an account names a person of a provider."""
    return f"{issuer.rstrip('/')}|{sub}"


async def _subject(request: Request, held: dict) -> str:
    """Who the provider says it is. Raises what can go wrong on the way."""
    about = await _about()
    async with _client(request) as client:
        token = await client.fetch_token(about["token_endpoint"], code=request.query_params["code"], code_verifier=held["verifier"])
    async with httpx2.AsyncClient(timeout=PATIENCE_S, follow_redirects=False) as client:
        keys = KeySet.import_key_set((await client.get(about["jwks_uri"])).raise_for_status().json())
    told = jwt.decode(token["id_token"], keys, algorithms=ALGORITHMS)
    jwt.JWTClaimsRegistry(
        leeway=30, iss={"essential": True, "value": about["issuer"]}, aud={"essential": True, "value": access().oidc_client_id},
        exp={"essential": True}, nonce={"essential": True, "value": held["nonce"]}, sub={"essential": True},
    ).validate(told.claims)
    return subject_of(about["issuer"], str(told.claims["sub"]))


async def _about() -> dict[str, Any]:
    """The provider's own description, asked for once an hour."""
    issuer = access().oidc_issuer
    if issuer not in _metadata:
        async with httpx2.AsyncClient(timeout=PATIENCE_S, follow_redirects=False) as client:
            told = (await client.get(f"{issuer}/.well-known/openid-configuration")).raise_for_status().json()
        if str(told.get("issuer", "")).rstrip("/") != issuer:
            raise ValueError("the provider calls itself by another name")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if urlsplit(told[name]).scheme != urlsplit(issuer).scheme:
                raise ValueError(f"{name} is not as safe as the issuer")
        _metadata[issuer] = told
    return _metadata[issuer]


def _client(request: Request) -> AsyncOAuth2Client:
    secret = access().oidc_client_secret
    here = access().public_origin or f"http://{request.headers['host']}"
    return AsyncOAuth2Client(access().oidc_client_id, secret.get_secret_value() if secret else None, scope="openid", timeout=PATIENCE_S,
                             redirect_uri=f"{here}/sign-in/oidc/return", token_endpoint_auth_method="client_secret_basic" if secret else "none")


def _held(request: Request) -> dict | None:
    try:
        return orjson.loads(_sealer().decrypt(request.cookies.get(COOKIE, "").encode(), ttl=WITHIN_S))
    except (InvalidToken, ValueError):
        return None


def _sealer() -> Fernet:
    """Closed with a key made of the installation's own."""
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"vigia oidc 1\n" + store().audit_key.read_bytes()).digest()))


def _not_now(error: Exception) -> Response:
    log.error("sign-in by OpenID Connect failed: %s: %s", type(error).__name__, str(error)[:200])
    return signing.form("/", said=NOT_NOW, status=502)
