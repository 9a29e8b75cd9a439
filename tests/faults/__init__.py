"""Every fault a gateway can have, at every gateway we know, with the service in front of it.

`make test` tries them all, and looks whether `matrix.md` is about the faults and the gateways that there are;
`python -m tests.faults` tries them all as well, and writes that page.
"""
