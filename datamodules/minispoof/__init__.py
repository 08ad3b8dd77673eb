"""The embedded corpus: real speech in, real synthesis and one channel over both, an ASVspoof 2019 LA tree out."""

from datamodules.minispoof.build import build_corpus
from datamodules.minispoof.errors import BuildError

__all__ = ["BuildError", "build_corpus"]
