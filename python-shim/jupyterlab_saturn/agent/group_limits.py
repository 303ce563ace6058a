"""How long ranks are waited for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Seconds of patience with a group."""

    last_words: float = 0.5
    """For the other ranks to speak when one has ended badly."""
    stacks: float = 0.5
    """For the ranks to write their stacks into their logs before they are killed as hung."""
    leave: float = 15.0
    """For the processes to end after the job's last word."""
    start: float = 1800.0
    """For the first step to begin: libraries read from a slow disk, the ranks' meeting, the model,
    perhaps from the network, and its checkpoint."""
    silence: float = 1800.0
    """For the next step while training, or `silence_steps` of them if that is longer. A
    checkpoint of a large model to a slow disk is no hang."""
    silence_steps: float = 20.0
    again: float = 1.0
    """Before what was lost with something of the agent's own is repeated; twice that before the
    next time, and so on."""
    unheard: float = 8.0
    """Without an answer of an engine on another node, before training is stopped: the engine gives
    a node's tasks to others after 15."""
    unheard_grace: float = 5.0
    """For a group to save and leave then."""
    logs: float = 5.0
    """Between looks at how long the logs have grown."""
