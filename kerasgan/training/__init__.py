"""Training a recipe into a run folder, and what a run folder holds."""
