"""The conformance kit: that our own adapters pass it, and that mistaken ones do not."""
