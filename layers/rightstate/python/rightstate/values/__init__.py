"""What texts in settings say: rules of security groups, ages of keys."""
