#!/usr/bin/env python3
"""make bench: agent and worker beside the bare module (bench_hop.c)."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ.get("CS_SRCDIR", "."),
                                "tests/wire"))
from wire import BUILD, Folder  # noqa: E402

with Folder() as folder:
    fixtures = folder.fixtures("--token", "hop", "--identity",
                               "name=hop,key=p256,email=hop@example.org")
    folder.answers("pin " + fixtures["FIXTURE_PIN"])
    agent = folder.agent(module=fixtures["FIXTURE_MODULE"])
    client = agent.client()
    client.unlock()
    module = client.status().modules[0]
    sys.exit(subprocess.run(
        [os.path.join(BUILD, "tests/bench/bench_hop"),
         fixtures["FIXTURE_MODULE"], "hop", fixtures["FIXTURE_PIN"],
         agent.socket, str(agent.pid), str(module.pid),
         os.path.join(BUILD, ".libs/cardseal-pkcs11.so")],
        env=folder.env).returncode)
