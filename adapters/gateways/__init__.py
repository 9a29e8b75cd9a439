"""Payment backends behind one port."""
