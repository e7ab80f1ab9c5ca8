"""What is to be changed, and how a change is undone."""
