"""The features, bound to their drivers."""
