"""The one seam to the network: ``base`` describes it, ``live`` and ``memory`` implement it."""
