"""What to ask of a generator, and the engine that asks it: templates, plans, batches."""
