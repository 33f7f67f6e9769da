"""What an operation did: where it was, beside it, and where nothing was done."""
