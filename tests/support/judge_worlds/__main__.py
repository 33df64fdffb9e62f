"""Print how often each finding is right, and how often it is wrong: the table of the docs."""

import argparse

from tests.support.judge_worlds.table import false_alarms, power


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--worlds",
        type=int,
        default=250,
        help="how many of each sort; of honest ones four times as many",
    )
    worlds = parser.parse_args().worlds
    for table in (false_alarms(4 * worlds), power(worlds)):
        for row in table:
            print(row, flush=True)
        print()


if __name__ == "__main__":
    main()
