"""A stand-in for Paynow, v3: payments, refunds and notifications, everything signed."""
