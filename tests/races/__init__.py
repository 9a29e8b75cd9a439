"""Races, crashes and faults: the service as it runs, under everything at once."""
