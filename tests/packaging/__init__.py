"""Kassa as others install it."""
