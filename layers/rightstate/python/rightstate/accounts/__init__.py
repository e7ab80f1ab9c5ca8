"""What an account has enabled, and what it is excused from."""
