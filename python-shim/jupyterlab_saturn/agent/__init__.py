"""The hands of a node: an agent that owns its devices and processes and decides nothing."""
