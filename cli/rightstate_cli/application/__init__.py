"""The application as template.yaml declares it."""
