"""Webhooks: who is told of a crawl's end, how it is signed, sent, tried again and given up."""
