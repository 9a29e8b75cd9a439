"""The domain, on its own."""
