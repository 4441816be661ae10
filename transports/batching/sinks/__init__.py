"""Where batches end, one file for each kind; ``base`` says what a sink is."""
