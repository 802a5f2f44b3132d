"""What the API's endpoints do: parse, call, answer; one noun a file."""
