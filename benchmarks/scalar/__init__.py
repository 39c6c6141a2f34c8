"""Irregular scalar programs: see `__main__`."""
