"""A stand-in for Stripe Checkout: sessions, payment intents, refunds and signed events."""
