"""What runs in the kernel: magics, the Python API and the relay between the front end and the engine.

Runs in the user's kernel. Imports no torch, and nothing heavy before it is needed.
"""
