"""The advisor: thinks up points of sweeps by Optuna, in a process of its own; it keeps nothing."""
