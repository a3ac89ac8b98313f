"""What was asked, when, and who is told."""
