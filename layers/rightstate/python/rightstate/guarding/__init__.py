"""What keeps Rightstate from changing too much or too often."""
