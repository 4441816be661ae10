"""What definitions mean: typed nodes, and how definitions are lowered to them."""
