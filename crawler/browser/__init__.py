"""Lists: pages that a browser opens and scrolls, and the responses that they fetch themselves."""
