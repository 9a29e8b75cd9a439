"""A stand-in for PayU, REST 2.1: orders, captures, refunds and notifications."""
