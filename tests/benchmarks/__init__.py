"""The benchmarks: what they count, compare and demand."""
