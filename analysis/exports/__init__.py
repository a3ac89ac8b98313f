"""Taking what is stored elsewhere: CSV, JSON lines and Parquet, of any size."""
