"""The agent: the part of zonewright that runs on a nameserver, beside its named.

Standard library only, and nothing else of ours is imported: provisioning copies it as one file (zipapp.py).
`python -m nameserver.agent --config FILE` reads requests on stdin and answers on stdout until stdin ends.
"""

PROTOCOL = 2
VERSION = "0.1.0"
