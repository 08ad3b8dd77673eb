"""What an audio input that cannot be used raises; the message names it, what was found, expected and how to mend it."""


class AudioError(ValueError):
    """An audio input that cannot be used."""


class TruncatedAudioError(AudioError):
    """A file that ends before its own header says: half a download, a full disk, a recorder that was switched off."""
