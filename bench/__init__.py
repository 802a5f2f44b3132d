"""How long a change takes from the API to an answer from both nameservers: `python -m bench`, or `make bench`.

It runs the stack as a user does, on free ports and in a folder of its own, or with `--over ssh` on the hosts of
a lab of its own, and leaves nothing behind.
"""
