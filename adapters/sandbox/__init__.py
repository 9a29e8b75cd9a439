"""The sandbox gateway: a stand-in for the outside world, run as a process of its own."""
