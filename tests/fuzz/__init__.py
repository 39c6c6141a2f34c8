"""Fuzzing of the readers: `python -m tests.fuzz TARGET --minutes 10`."""
