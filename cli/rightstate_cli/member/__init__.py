"""What is installed in an account and region that is remediated."""
