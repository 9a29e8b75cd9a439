"""The shop's rules: money, stock, orders, payments. Pure: no I/O, no clock, no framework."""
