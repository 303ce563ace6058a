"""The kernel side: magics, the Python API, the relay between front end and engine.

Runs in the user's kernel. Imports no torch, and nothing heavy before it is needed.
"""
