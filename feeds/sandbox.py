"""The inside of the one-shot worker. Run as a script by feeds/worker.py; never imported by the rest.

Libraries are loaded first; then rights are laid down; only then is the file opened.
"""

from __future__ import annotations

import ctypes
import json
import os
import pwd
import resource
import sys

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000


def lay_down(limits: dict) -> None:
    """Limits, no network, and when we are root and our libraries can be read by others, no rights."""
    for what, value in (
        (resource.RLIMIT_AS, limits["memory_mb"] << 20), (resource.RLIMIT_CPU, limits["cpu_s"]),
        (resource.RLIMIT_FSIZE, limits["file_mb"] << 20), (resource.RLIMIT_NOFILE, 256), (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (value, value))
    libc = ctypes.CDLL(None, use_errno=True)
    if hasattr(libc, "unshare"):
        # A kernel that forbids this to us leaves the network open; drivers that use it are skipped all the same.
        if libc.unshare(CLONE_NEWNET) != 0:
            libc.unshare(CLONE_NEWUSER | CLONE_NEWNET)
    if os.geteuid() == 0 and _others_can_read(sys.prefix) and _others_can_read(sys.base_prefix):
        nobody = pwd.getpwnam("nobody")
        os.setgroups([])
        os.setgid(nobody.pw_gid)
        os.setuid(nobody.pw_uid)


def _others_can_read(folder: str) -> bool:
    """PROJ opens its database when it is needed; a user who can't reach it could transform nothing."""
    path = os.path.realpath(folder)
    while path != "/":
        if not os.stat(path).st_mode & 0o001:
            return False
        path = os.path.dirname(path)
    return True


def main() -> int:
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    request = json.load(sys.stdin)
    sys.path.insert(0, request["root"])
    from feeds import opening

    task = opening.TASKS[sys.argv[1]]
    opening.prepare(sys.argv[1], request["told"])
    lay_down(request["limits"])
    try:
        out = {"done": task(**request["told"])}
    except opening.Bad as bad:
        out = {"refused": bad.as_dict()}
    except MemoryError:
        out = {"refused": {"expected": f"a file that opens within {request['limits']['memory_mb']} MB of memory"}}
    answer.write(json.dumps(out).encode())
    answer.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
