"""Whether a technique keeps its promises, tried with real ranks on the CPUs of this machine.

``python -m jupyterlab_saturn.training.conformance TARGET``
"""
