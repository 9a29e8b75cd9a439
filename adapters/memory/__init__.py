"""Storage in memory, for tests and demos: the same promises as the database, copies throughout."""
