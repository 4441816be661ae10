"""Effects around the evaluator: definitions in, events out.

Imports only names that ``flagengine`` exports; never imported by ``flagengine``.
"""
