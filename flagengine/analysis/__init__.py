"""Why an answer is what it is, and what a flag needs to be answered at all."""
