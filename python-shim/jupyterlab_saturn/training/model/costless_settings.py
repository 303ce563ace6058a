"""Settings of torch's modules that a step takes no longer for, whatever they are."""

from __future__ import annotations

import torch

_SETTINGS = {
    "Dropout Dropout1d Dropout2d Dropout3d AlphaDropout FeatureAlphaDropout": "p",
    "MultiheadAttention RNN LSTM GRU": "dropout",
    "BatchNorm1d BatchNorm2d BatchNorm3d SyncBatchNorm": "eps momentum",
    "InstanceNorm1d InstanceNorm2d InstanceNorm3d": "eps momentum",
    "LayerNorm GroupNorm RMSNorm CosineSimilarity": "eps",
    "LocalResponseNorm": "alpha beta k",
    "LeakyReLU": "negative_slope",
    "ELU CELU": "alpha",
    "Softplus": "beta threshold",
    "Threshold": "threshold value",
    "Hardtanh ReLU6": "min_val max_val",
    "Hardshrink Softshrink": "lambd",
    "RReLU": "lower upper",
    "Embedding EmbeddingBag": "norm_type",
    "CrossEntropyLoss": "label_smoothing",
    "HuberLoss": "delta",
    "SmoothL1Loss": "beta",
    "PoissonNLLLoss GaussianNLLLoss": "eps",
    "MarginRankingLoss HingeEmbeddingLoss CosineEmbeddingLoss MultiMarginLoss": "margin",
    "TripletMarginLoss TripletMarginWithDistanceLoss": "margin eps",
}
_BY_CLASS = {
    name: frozenset(settings.split())
    for names, settings in _SETTINGS.items()
    for name in names.split()
}


def costless_settings(kind: type[torch.nn.Module]) -> frozenset[str]:
    """Of a class of ``torch.nn``; none of any other, whatever its attributes are called."""
    if not kind.__module__.startswith("torch.nn."):
        return frozenset()
    return _BY_CLASS.get(kind.__name__, frozenset())
