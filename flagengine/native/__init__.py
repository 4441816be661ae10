"""The hot path in C: one optional extension module, and the one place that asks whether it is there.

``accelerator`` is that module; None where no C compiler was, or where it was switched off. Every
answer is the same without it.
"""

try:
    from flagengine.native import _accelerator as accelerator
except ImportError:
    accelerator = None  # type: ignore[assignment]

__all__ = ["accelerator"]
