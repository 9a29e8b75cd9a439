"""Tests that every adapter of a port passes."""
