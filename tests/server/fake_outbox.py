"""Plays the outbox: prints what it is told by ``FAKE_OUTBOX``, then waits for its end."""

import json
import os
import sys

plan = json.loads(os.environ["FAKE_OUTBOX"])
with open(plan["starts"], "a") as starts:
    starts.write(f"{os.getpid()}\n")
for line in plan["lines"]:
    print(line, flush=True)
print("a word on stderr", file=sys.stderr, flush=True)
with open(plan["environ"], "w") as out:
    json.dump(dict(os.environ), out)
if plan["die"]:
    sys.exit(3)
sys.stdin.read()
