"""What is to be changed: pure, no AWS."""
