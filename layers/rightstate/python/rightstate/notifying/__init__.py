"""What an execution tells people and other systems, and where it goes."""
