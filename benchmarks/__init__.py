"""Commands that measure: `python -m benchmarks.NAME`, each a comparison inside one run."""
