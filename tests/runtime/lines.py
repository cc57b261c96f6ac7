"""Runs a script as a supervised process and prints the lines that arrive."""

import os
import sys
import time

from omnidesk.runtime.children import Child, Plan


def main() -> None:
    child = Child(Plan("trial", (sys.executable, "-c", sys.argv[1]), 0), os.environ)
    child.start()
    ended = False
    while not ended:
        lines, ended = child.lines()
        for line in lines:
            sys.stdout.write(line + "\n")
        time.sleep(0.01)
    child.bury()


if __name__ == "__main__":
    main()
