"""The languages in which merchants speak to the sandbox, one for each kind of gateway it stands in for."""
