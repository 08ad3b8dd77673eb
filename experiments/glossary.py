"""Words of the field, each explained in plain words."""

from typing import Final

GLOSSARY: Final = {
    "actDCF": "The cost of mistakes where scores are taken at their word as strength of evidence; see minDCF.",
    "attack": "One way to make fake speech, such as one speech synthesis program.",
    "AUC": "How often a genuine recording scores higher than a fake one, over all pairs; 0.5 is chance, 1 is perfect.",
    "bona fide": "Genuine: recorded from a living person. The detector is to say yes to it.",
    "Cllr": "How well scores can be taken as strength of evidence, in bits: 0 is perfect, 1 says nothing.",
    "countermeasure": "A detector of fake speech.",
    "DET curve": "How many of each kind of mistake there are, at every threshold; lower and further left is better.",
    "digest (SHA-256)": "A fingerprint of data: data that differ in a single bit have another one.",
    "EER, equal error rate": (
        "The share of mistakes when the threshold is set so that as large a share of genuine recordings is called fake "
        "as of fakes is called genuine. 0 % is perfect, 50 % is chance. It is the number by which detectors are "
        "commonly compared; “legacy” names the way of computing it in the ASVspoof challenges."
    ),
    "epoch": "One pass of the training over all its recordings.",
    "fANOVA": "A way to tell how much each setting that was searched mattered; PED-ANOVA is another.",
    "interval (95 %)": (
        "The range in which a number would mostly lie were it measured again with other speakers or recordings. The "
        "wider it is, the less one measurement tells."
    ),
    "LLR, log-likelihood ratio": (
        "A score on a scale with a meaning: above 0 the recording speaks for genuine, below 0 for fake; 2.3 more makes "
        "it ten times as strong as evidence."
    ),
    "minDCF": "The cost of mistakes at the best threshold there is, as a share of always giving the same answer.",
    "p-value": "How often chance alone would make a difference as large as this one; a small p says: not chance alone.",
    "score": "What the detector says of a recording: the higher, the more it sounds genuine.",
    "SNR": "How much louder the speech is than the noise, in decibels (dB); at 0 dB both are equally loud.",
    "spoof": "Fake: synthesised, or converted from one voice into another.",
    "threshold": "The score above which a recording is called genuine. It was set on other recordings (dev).",
    "train, dev, eval": (
        "Three separate parts of the data: the detector learns from train, is chosen and set by dev, and is judged on "
        "eval, which played no part before."
    ),
}
