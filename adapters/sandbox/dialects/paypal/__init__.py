"""A stand-in for PayPal, Orders v2: orders that are approved first and paid for then."""
