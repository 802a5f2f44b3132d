"""Ways to a nameserver's agent: a pipe to a process (on this machine, or through ssh), or memory."""
