"""The commands of manage.py, one file for each group."""
