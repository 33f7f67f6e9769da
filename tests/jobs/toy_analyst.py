"""The process of one analysis, with the toy of the tests among its methods."""

from __future__ import annotations

import sys

from analysis import methods
from jobs import analyst
from tests.analysis import toy

if __name__ == "__main__":
    methods._WHERE |= {"toy": toy.WHERE, "toy-effect": toy.WHERE_EFFECT}
    sys.exit(analyst.main())
