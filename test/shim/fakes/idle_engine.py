"""The body of an engine, without its socket, which the test holds: lives until stdin ends.

What it is told there goes to its log.
"""

import sys

for line in sys.stdin:
    sys.stdout.write(line)
    sys.stdout.flush()
