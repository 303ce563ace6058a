"""Whether this machine is fit to train: looked at, and tried for a few seconds.

``python -m jupyterlab_saturn doctor``
"""
