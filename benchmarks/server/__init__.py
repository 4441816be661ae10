"""The server under load, beside other products' servers: `python -m benchmarks.server`."""
