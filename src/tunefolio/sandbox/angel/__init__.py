"""The face of Angel One's SmartAPI: login, REST, market feed and order feed, as the broker speaks them."""
