"""The ways to TikTok: their names, how they stand, and who may use which when."""
