"""Flat views: stable names, one value in each column, for tools that know no nesting."""
