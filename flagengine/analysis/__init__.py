"""Explanations of answers, the inputs that flags need, and findings about definitions."""
