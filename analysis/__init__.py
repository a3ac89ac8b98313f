"""What analysts work with: the data dictionary, flat views, their role."""
