"""HTTP: ``base`` defines transports, ``live`` uses the network, ``memory`` is for tests."""
