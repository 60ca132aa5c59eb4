"""Who may pass. Pure: what is decided depends on the arguments and on nothing else."""
