"""The conformance kit: what every gateway adapter has to keep to, tried against recordings of its gateway."""
