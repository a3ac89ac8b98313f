#!/usr/bin/env python
"""The operator's one command: ``python manage.py --help``."""

from cli.main import manage

if __name__ == "__main__":
    manage()
