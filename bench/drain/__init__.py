"""A backlog of passes on its way to the cloud, through real processes on this machine."""
