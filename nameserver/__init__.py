"""The control plane: from the desired zones to what both nameservers answer."""
