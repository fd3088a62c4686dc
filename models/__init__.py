"""What is trained: shared blocks and one module per family of models."""
