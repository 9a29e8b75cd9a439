"""Each adapter by itself."""
