"""Whole checkouts between programs that share no code: the service, and the sandbox in every dialect."""
