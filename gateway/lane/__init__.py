"""One lane's logic. Pure: no clock, no I/O, no log, no threads; time and ids come in."""
