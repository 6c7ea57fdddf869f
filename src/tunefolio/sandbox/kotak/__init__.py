"""The face of Kotak Neo: two-step login, REST, market feed and order feed on one port."""
