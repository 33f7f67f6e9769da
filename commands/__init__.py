"""Commands of one subject each; `cli.py` puts them together. Like it they call functions of a room and have no logic of their own."""
