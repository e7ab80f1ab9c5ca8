"""What every execution is made of: its trigger, its steps, its way through the states, its entry."""
