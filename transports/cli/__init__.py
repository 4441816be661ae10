"""Commands of ``flagengine`` that need the network.

The command line finds them as entry points of the group ``flagengine.commands``; only here may the
transports use parts of the engine's command line.
"""
