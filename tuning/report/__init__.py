"""A campaign as one page."""
