"""How a run has gone: from its history, its logs and its checkpoints."""
