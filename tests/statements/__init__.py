"""Which statements each call takes, and that there are not more of them for more goods."""
