"""What recorded trials say: values, never text."""
