"""The headers of every answer: what a browser may do with it, and that nothing of it goes elsewhere."""

from __future__ import annotations

from collections.abc import Iterable


def policy(script_hashes: Iterable[str]) -> str:
    """The content security policy: scripts are our own files, or inline ones whose hash is told here; nothing is evaluated."""
    return "; ".join((
        "default-src 'self'",
        f"script-src 'self' {' '.join(script_hashes)}".strip(),
        "style-src 'self' 'unsafe-inline'",  # MapLibre, Plotly and AG Grid place what they draw by styles
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "worker-src 'self' blob:",
        "connect-src 'self'",
        "object-src 'none'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'",
    ))


def security(script_hashes: Iterable[str], *, tls: bool) -> list[tuple[bytes, bytes]]:
    """The headers themselves, as ASGI has them."""
    told = {
        "content-security-policy": policy(script_hashes),
        "x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "x-frame-options": "DENY",
        "cross-origin-opener-policy": "same-origin", "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), microphone=(), payment=(), usb=()",
        **({"strict-transport-security": "max-age=31536000"} if tls else {}),
    }
    return [(name.encode(), value.encode()) for name, value in told.items()]
