"""An agent that says back what it hears: ``echo_agent.py NODE FOLDER``."""

from __future__ import annotations

import sys

import zmq
from jupyterlab_saturn.paths import SessionPaths, engine_endpoint

if __name__ == "__main__":
    socket = zmq.Context().socket(zmq.DEALER)
    socket.connect(engine_endpoint(SessionPaths.of_folder(sys.argv[2], sys.argv[1]).runtime))
    socket.send(b"hello")
    while True:
        events = dict(zmq.zmq_poll([(socket, zmq.POLLIN), (sys.stdin.fileno(), zmq.POLLIN)]))
        if sys.stdin.fileno() in events:
            break
        socket.send(socket.recv())
