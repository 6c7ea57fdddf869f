"""OUTSIDE: whom do we talk to? Pure parsers and thin calls; a broker is one folder."""
