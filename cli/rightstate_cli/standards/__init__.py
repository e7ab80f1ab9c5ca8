"""Lists that others publish, beside the catalogue: requirements of frameworks, and what peers can fix."""
