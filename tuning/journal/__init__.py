"""The record of a campaign on disk."""
