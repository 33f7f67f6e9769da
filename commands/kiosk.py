"""The systemd unit of a wall display: cage shows one Chromium, and Chromium one page. Pure."""

from __future__ import annotations

import re

from errors import InputRefused

# What a display needs of its browser: one page, no questions, sound without a hand, and nothing that leaves the machine by itself.
FLAGS = (
    "--kiosk", "--ozone-platform=wayland", "--autoplay-policy=no-user-gesture-required", "--no-first-run", "--no-default-browser-check", "--disable-session-crashed-bubble",
    "--disable-infobars", "--noerrdialogs", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-features=Translate,TranslateUI",
    "--check-for-update-interval=31536000", "--password-store=basic", "--user-data-dir=%S/vigia-wall",
)
USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}")

UNIT = """# {address}
# Made by `vigia screen unit`. To /etc/systemd/system/vigia-wall.service, then: systemctl enable --now vigia-wall
[Unit]
Description=Vigia wall display {name}
After=systemd-user-sessions.service network-online.target
Wants=network-online.target
Conflicts=getty@tty1.service

[Service]
User={user}
PAMName=login
TTYPath=/dev/tty1
TTYReset=yes
TTYVHangup=yes
StandardInput=tty-fail
StandardOutput=journal
StandardError=journal
UtmpIdentifier=tty1
UtmpMode=user
StateDirectory=vigia-wall
StateDirectoryMode=0700
Environment=WLR_LIBINPUT_NO_DEVICES=1
ExecStart=/usr/bin/cage -d -- /usr/bin/chromium {flags} {address}
Restart=always
RestartSec=5
MemoryHigh=2500M
MemoryMax=3500M
NoNewPrivileges=yes
ProtectSystem=full

[Install]
WantedBy=graphical.target
"""


def unit(address: str, name: str, user: str) -> str:
    """The unit's text. Raises InputRefused for an account that is none.

    >>> "ExecStart=/usr/bin/cage" in unit("http://127.0.0.1:8050/wall/a", "A", "wall")
    True
    """
    if not USER.fullmatch(user):
        raise InputRefused(f"the account {user[:40]!r} is none, expected lower-case letters, digits, - and _")
    # A % begins a specifier of systemd's own; a name is one line of text, and may end in what would go on in the next.
    told = {"address": address.replace("%", "%%"), "name": name.replace("%", "%%").rstrip("\\ "), "user": user, "flags": " ".join(FLAGS)}
    return UNIT.format(**{**told})
