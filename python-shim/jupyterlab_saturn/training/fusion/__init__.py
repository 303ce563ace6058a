"""Adapters of one frozen model, trained in one run: k runners, one forward."""

from .adapter_sites import AdapterSite, NotFused, adapter_sites, is_adapted
from .frozen_base import base_digest
from .fused_model import FusedModel
from .fusibility import require_fusible

__all__ = [
    "AdapterSite",
    "FusedModel",
    "NotFused",
    "adapter_sites",
    "base_digest",
    "is_adapted",
    "require_fusible",
]
