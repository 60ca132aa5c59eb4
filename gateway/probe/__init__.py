"""`lanegate probe`: adapters, lines, boards, booms and loops, looked at by a technician."""
