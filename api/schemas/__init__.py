"""What requests and answers look like: validation and documentation in one."""
