"""One file per corpus layout: a root folder in, a manifest out."""
