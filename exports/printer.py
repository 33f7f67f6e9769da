"""A page on standard input, as PDF on standard output: the process that exports/printing.py begins, which imports nothing of ours.

WeasyPrint prints what stands in the page: it runs no script, needs no browser, and here fetches nothing, whatever the page names.
"""

from __future__ import annotations

import os
import resource
import sys

MISSING = 3  # the exit code when one of the system's libraries is not there


def main() -> int:
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    page = sys.stdin.buffer.read().decode()
    os.nice(5)
    try:
        from weasyprint import HTML
        from weasyprint.urls import URLFetcher
    except OSError:
        return MISSING
    limit = int(sys.argv[1]) << 20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

    class Nothing(URLFetcher):
        """Refuses every address: those of files and of data too."""

        def fetch(self, url, headers=None):
            raise ValueError("nothing is fetched")

    answer.write(HTML(string=page, url_fetcher=Nothing(), media_type="print").write_pdf())
    answer.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
