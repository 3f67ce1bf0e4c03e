"""Batches: looked over before they start, queued, run job by job, and summed up."""
