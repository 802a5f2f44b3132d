"""The pages for people: rendered here, on the same changes and store as the API, with no rule of their own."""
