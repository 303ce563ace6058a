"""A node's agent: owns its devices and processes, and decides nothing."""
