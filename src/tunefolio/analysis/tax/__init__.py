"""What is taxed of a person's investments in India, by dated rules: docs/spec/tax.md.

Sums are Decimal rupees, exact until the law rounds. `computation.tax_year` is the front door.
"""
