"""Many experiments: search spaces, studies, workers and what they found."""
