"""A gateway of Examplepay for Kassa: the adapter to begin the next one from."""
