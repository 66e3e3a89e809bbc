"""Print the table."""

from tests.adversaries.test_adversaries import ROWS

for row in ROWS:
    print(f"{row.who:32} {row.does}")
