"""Load and scale: the rows L1 to L8 of the semantics, run by `python -m benchmarks.load`."""
