"""`python -m adapters.sandbox` runs the sandbox gateway alone."""

import argparse
import sys

from adapters.sandbox.server import add_arguments, run

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="sandbox", description="A payment gateway for tests and demos.")
    add_arguments(parser)
    sys.exit(run(parser.parse_args()))
