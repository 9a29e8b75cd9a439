"""What connects the core to the world: web, sql, gateways, memory, system; and the sandbox gateway."""
