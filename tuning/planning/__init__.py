"""What a campaign will cost: ``seqtune plan`` times batches and predicts duration, memory and disk."""
