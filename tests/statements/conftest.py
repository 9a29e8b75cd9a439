"""The databases are those of the adapter's own tests."""

from tests.adapters.conftest import either, shelf, sqlite

__all__ = ["either", "shelf", "sqlite"]
