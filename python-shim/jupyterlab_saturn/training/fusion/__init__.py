"""Adapters of one frozen model, trained in one run: k runners, one forward."""

from .adapter_sites import AdapterSite, NotFused, adapter_sites, is_adapted
from .common_forward import require_same
from .frozen_base import base_digest
from .fused_model import FusedModel
from .fused_steps import FusedSteps, Made
from .fusibility import require_fusible

__all__ = [
    "AdapterSite",
    "FusedModel",
    "FusedSteps",
    "Made",
    "NotFused",
    "adapter_sites",
    "base_digest",
    "is_adapted",
    "require_fusible",
    "require_same",
]
