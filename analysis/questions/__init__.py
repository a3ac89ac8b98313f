"""Questions that analysts have, each a pipeline that answers it."""
