#!/usr/bin/env python3
"""A storm: clients sign, open, cancel and go, while workers are killed and
stopped, a module fails, hangs and crashes, its token comes and goes, and the
person types wrong PINs or none.

Whatever happens, the agent stays the same process; each request ends by its
deadline with the right result or a typed error; no PIN costs more than one
try; after the last fault the next request succeeds; and nothing piles up.

SEED and STEPS choose the storm; "make storm" runs a long one, and that of
tests/card too."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from storming import Storm, storm  # noqa: E402
from wire import run  # noqa: E402


def on_softhsm():
    storm(Storm)


run(on_softhsm)
