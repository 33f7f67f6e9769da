"""Sends what waits: webhooks signed with HMAC, mail by SMTP, other services by Apprise (jobs/many_services.py). Each delivery in a transaction of its own; one that fails holds up no other."""

from __future__ import annotations

import hashlib
import hmac
import os
import smtplib
import ssl
import time
from collections.abc import Callable
from email.message import EmailMessage

import httpx2
import stamina

from data import outgoing
from data.sessions import owner_connection
from settings import outgoing as outgoing_settings

TIMEOUT_S = 10.0
TRIES = 3


class NotTaken(Exception):
    """Whoever was told did not take it."""


def send(owner_url: str) -> tuple[int, int]:
    """Send all that waits; how many arrived, and how many did not."""
    sent = failed = 0
    with owner_connection(owner_url) as connection:
        connection.autocommit = True  # each delivery is a transaction of its own
        outgoing.queue(connection)
        for destination, alert in outgoing.waiting(connection):
            with connection.transaction():
                delivery = outgoing.taken(connection, destination, alert)
                if delivery is None:
                    continue
                try:
                    _way(delivery["kind"])(delivery)
                    trouble = None
                except (httpx2.HTTPError, smtplib.SMTPException, OSError, NotTaken) as error:
                    trouble = f"{type(error).__name__}: {error}"[:200]
                outgoing.came(connection, destination, alert, trouble)
            sent, failed = sent + (trouble is None), failed + (trouble is not None)
    return sent, failed


def _way(kind: str) -> Callable[[dict], None]:
    if kind == "apprise":
        from jobs import many_services

        return many_services.notify
    return webhook if kind == "webhook" else mail


def signature(secret: str, at: str, body: bytes) -> str:
    """What a webhook is signed with: HMAC-SHA256 over `<timestamp>.<body>`, so that neither can be another.

    >>> signature("s", "1", b"{}")[:16]
    'sha256=b253639bc'
    """
    return f"sha256={hmac.new(secret.encode(), at.encode() + b'.' + body, hashlib.sha256).hexdigest()}"


@stamina.retry(on=(httpx2.TransportError, NotTaken), attempts=TRIES, timeout=30.0)
def webhook(delivery: dict) -> None:
    """POST it. Redirects are not followed: where it goes is what the keeper named."""
    secret = os.environ.get(delivery["secret_variable"] or "")
    if not secret:
        raise OSError(f"{delivery['secret_variable']} is not set: what is not signed is not sent")
    at = str(int(time.time()))
    headers = {"Content-Type": "application/json", "X-Vigia-Timestamp": at, "X-Vigia-Signature": signature(secret, at, delivery["body"])}
    with httpx2.Client(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False) as client:
        answer = client.post(delivery["address"], content=delivery["body"], headers=headers)
    if answer.status_code >= 300:
        raise NotTaken(f"answered {answer.status_code}")


@stamina.retry(on=(smtplib.SMTPServerDisconnected, ConnectionError, TimeoutError), attempts=TRIES, timeout=30.0)
def mail(delivery: dict) -> None:
    """Mail it, by the server that VIGIA_SMTP_HOST names."""
    settings = outgoing_settings()
    if settings.smtp_host is None or settings.smtp_from is None:
        raise OSError("VIGIA_SMTP_HOST and VIGIA_SMTP_FROM are not set")
    with smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=TIMEOUT_S) as server:
        if settings.smtp_tls:
            server.starttls(context=ssl.create_default_context())
        if settings.smtp_user:
            server.login(settings.smtp_user, settings.smtp_password.get_secret_value() if settings.smtp_password else "")
        server.send_message(written(delivery, settings.smtp_from))


def written(delivery: dict, sender: str) -> EmailMessage:
    """An alert as a letter: what happened in a line, then all of it as JSON. Names can't break out of a header."""
    message = EmailMessage()
    message["Subject"] = subject(delivery["told"])
    message["From"], message["To"] = sender, delivery["address"]
    message.set_content(delivery["body"].decode())
    return message


def subject(told: dict) -> str:
    """An alert in one line."""
    who = " and ".join(filter(None, (told["track"], told["other"])))
    line = ", ".join(filter(None, (f"[{told['marking']}] {told['severity']}: {told['type'].replace('_', ' ')}", who, told["area"] and told["area"]["name"])))
    return "".join(c if c.isprintable() else " " for c in line)[:200]
