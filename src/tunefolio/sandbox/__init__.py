"""REHEARSAL: a simulated exchange that speaks the brokers' real protocols on loopback."""
