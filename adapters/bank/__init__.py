"""Banks: reading the statements that they give out."""
