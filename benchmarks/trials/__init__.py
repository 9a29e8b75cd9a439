"""Trials: what takes too long to be tried on every change, each one command with a verdict.

`python -m benchmarks.trials.races`, `.restarts`, `.cuts`, `.kills`, `.reloads`, `.loris`, `.pgbouncer`,
`.hanging` and `.strange`; `--save` keeps what was found in benchmarks/results. Smaller runs of the same code
are part of `make test`.
"""
