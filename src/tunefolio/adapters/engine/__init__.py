"""Engines that ring jobs: in this process, or on a queue. None of them holds the truth."""
