"""The sentences of the features, and the drivers that carry them out."""
