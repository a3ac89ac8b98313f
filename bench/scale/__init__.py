"""What a page costs, measured, and what that makes of a number of posts a day."""
