"""What users fill in, and the jobs that it becomes; no results."""
