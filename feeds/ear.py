"""The process that listens to feeds: `python -m feeds.ear`, which `./vigia up` starts and ends; `./vigia feed run` is the same by hand."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading

from feeds.listening import listen


async def run(owner_url: str) -> None:
    """Listen until SIGINT or SIGTERM."""
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    await listen(owner_url, stopping)


def main() -> int:
    """As a child: also ends when whoever started it is gone, which is told by the end of its standard input."""
    from data import addresses
    from errors import VigiaError, plain

    logging.basicConfig(level=logging.WARNING, format="vigia: %(message)s")
    logging.getLogger("vigia.watching").setLevel(logging.INFO)  # how far it is, when many tracks wait
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        asyncio.run(run(addresses.owner_url()))
    except VigiaError as error:
        print(f"vigia: {plain(error)}", file=sys.stderr)
        return 1
    return 0


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
