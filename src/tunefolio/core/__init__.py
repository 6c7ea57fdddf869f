"""VALUES: what do we all agree on? Standard library only; everything else stands on this room."""
