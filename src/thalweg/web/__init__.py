"""Pages over results: knows how to draw, never how to compute."""
