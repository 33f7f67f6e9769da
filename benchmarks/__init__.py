"""How fast and how small, beside a peer in the same run. Nothing here is a test; README.md has the figures."""
