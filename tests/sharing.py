"""How files of tests are shared out among processes (`--dist loadfile`)."""

from __future__ import annotations

from xdist.scheduler import LoadFileScheduling


class Sharing(LoadFileScheduling):
    """Files, in their order; those with a browser first, and on half of the processes at most.

    A browser keeps several processors at work by itself: two at once take as long as one after the other, and all that waits in them waits longer.
    """

    def _assign_work_unit(self, node) -> None:
        browsers = sum(any(_browser(scope) and not all(tests.values()) for scope, tests in self.assigned_work[other].items()) for other in self.nodes if other is not node)
        wanted = browsers < max(1, len(self.nodes) // 2)
        for scope in self.workqueue:
            if _browser(scope) == wanted:
                self.workqueue.move_to_end(scope, last=False)
                break
        super()._assign_work_unit(node)


def _browser(scope: str) -> bool:
    return scope.startswith("tests/browser/")
