"""The exporter: a process that tells an experiment tracker what tasks have logged.

It reads the tasks' logs and follows the session as a client; nothing of it runs in ranks.
"""
