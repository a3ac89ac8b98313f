"""What the product promises on speed and memory, measured beside what others do."""
