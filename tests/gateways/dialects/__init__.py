"""How the gateways speak, for the contract suite: strict, and without a line of the adapters."""
