"""Plan and run many PyTorch finetuning jobs on few GPUs, from a notebook."""

__version__ = "0.1.0"
