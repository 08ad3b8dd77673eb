"""Audio files in, batches out: decoding, manifests, corpora, augmentation, the feature cache and the data module."""
