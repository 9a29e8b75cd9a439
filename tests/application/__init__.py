"""Use cases over the memory store and a scripted bank."""
