"""How fast the lab is: `make bench`, or `python -m benchmarks`. What it measures is in docs/performance.md."""
