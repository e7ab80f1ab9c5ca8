"""Measurements of what is hot: AWS calls, executions, cold starts, the layer's size."""
