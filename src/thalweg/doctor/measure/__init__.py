"""What is measured of a model and its optimizer, one figure a file; all on copies."""
