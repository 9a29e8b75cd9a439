"""Tests of Kassa."""
