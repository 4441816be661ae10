"""The hot path in C: an optional extension module, which only this module imports.

``accelerator`` is the extension module; None if it was not built or is switched off. Every answer
is the same without it.
"""

try:
    from flagengine.native import _accelerator as accelerator
except ImportError:
    accelerator = None  # type: ignore[assignment]

__all__ = ["accelerator"]
