"""What is known of an execution."""
