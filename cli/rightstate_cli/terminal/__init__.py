"""What people type and read: options, output, times, completion."""
