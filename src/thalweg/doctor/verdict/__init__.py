"""From findings to one sentence: what is said first, and how."""
