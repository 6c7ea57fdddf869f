"""MEANING: what is it worth, earned, owed, risking? Pure functions over facts and prices."""
