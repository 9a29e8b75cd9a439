"""A stand-in for Mollie, v2: payments, captures, refunds and calls that say no more than an id."""
