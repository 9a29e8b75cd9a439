"""The web adapter, driven in process."""
