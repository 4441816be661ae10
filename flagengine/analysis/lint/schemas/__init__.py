"""The JSON Schema of definitions documents, shipped as data."""
