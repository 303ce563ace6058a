"""The body of an engine, without its socket, which the test holds: lives until stdin ends."""

import sys

sys.stdin.read()
