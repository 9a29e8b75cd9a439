"""Processes: settings, wiring, the command line."""
