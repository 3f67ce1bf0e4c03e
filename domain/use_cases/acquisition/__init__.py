"""One job, whatever starts it: inventory, copies, recovery, final check."""
