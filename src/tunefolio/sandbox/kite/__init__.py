"""The face of Zerodha's Kite Connect v3: login pages, REST and ticks, as the broker speaks them."""
