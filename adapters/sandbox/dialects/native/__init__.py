"""The native dialect: JSON, bearer token, signed callbacks and signed returns."""
