"""One file for each thing that is measured; its rows stand in the table."""
