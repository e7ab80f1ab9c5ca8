"""What several resource types of one AWS service have in common."""
