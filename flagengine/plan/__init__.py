"""The meaning of definitions: typed nodes, and the lowering of definitions to nodes."""
