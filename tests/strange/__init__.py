"""Gateways that answer and call back anything at all, and a service that has to live with it.

A few of each are part of `make test`; `python -m benchmarks.trials.strange` tries two thousand of each
gateway, and whether the service keeps anything of them in memory.
"""
