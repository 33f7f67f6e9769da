"""Before anything loads GDAL: its environment, which `import data` sets. Then the fixtures of tests/conftest.py follow."""

import data  # noqa: F401
