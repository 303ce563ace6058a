"""A task under a strategy, step by step: training, trials, checkpoints."""
