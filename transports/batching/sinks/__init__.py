"""The sinks, which deliver batches; ``base`` describes the protocol."""
