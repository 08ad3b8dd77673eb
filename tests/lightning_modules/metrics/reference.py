"""The published ways, written naively: what the fast metrics are compared with."""

import numpy as np


def legacy_eer(bonafide, spoof):
    """EER and threshold as the ASVspoof toolkits define them: all trials in one stable mergesort, bona fide first."""
    scores = np.concatenate((bonafide, spoof))
    is_bonafide = np.concatenate((np.ones(len(bonafide)), np.zeros(len(spoof))))
    order = np.argsort(scores, kind="mergesort")
    rejected_bonafide = np.concatenate(([0], np.cumsum(is_bonafide[order])))
    rejected_spoof = np.arange(len(scores) + 1) - rejected_bonafide
    frr = rejected_bonafide / len(bonafide)
    far = (len(spoof) - rejected_spoof) / len(spoof)
    best = np.argmin(np.abs(frr - far))
    thresholds = np.concatenate(([scores.min() - 0.001], scores[order]))
    return np.mean((frr[best], far[best])), thresholds[best]


def operating_points(bonafide, spoof):
    """FRR and FAR of every threshold there is, rejecting at and below it."""
    thresholds = [-np.inf, *np.unique(np.concatenate((bonafide, spoof)))]
    frr = np.array([0.0] + [np.mean(bonafide <= t) for t in thresholds[1:]])
    far = np.array([1.0] + [np.mean(spoof > t) for t in thresholds[1:]])
    return frr, far


def grouped_eer(bonafide, spoof):
    """Mean of FRR and FAR at the threshold where they differ least."""
    frr, far = operating_points(bonafide, spoof)
    best = np.argmin(np.abs(frr - far))
    return (frr[best] + far[best]) / 2


def rocch_eer(bonafide, spoof):
    """Least equal error of any chance mixture of two thresholds."""
    frr, far = operating_points(bonafide, spoof)
    best = 1.0
    for a in range(len(frr)):
        for b in range(len(frr)):
            gap_a, gap_b = frr[a] - far[a], frr[b] - far[b]
            if gap_a == 0:
                best = min(best, frr[a])
            elif gap_a < 0 < gap_b:
                share = gap_a / (gap_a - gap_b)
                best = min(best, frr[a] + share * (frr[b] - frr[a]))
    return best


def min_tdcf_v1(scores, labels, asv):
    """The t-DCF of ASVspoof 2019 at every point of the path that rejects trials one by one, bona fide first in ties."""
    order = np.lexsort((1 - labels, scores))
    rejected = np.concatenate(([0], np.cumsum(labels[order])))
    frr = rejected / labels.sum()
    far = 1 - (np.arange(len(scores) + 1) - rejected) / (1 - labels).sum()
    c1 = 0.95 * 0.99 * (1 - asv.miss) - 0.95 * 0.01 * 10 * asv.false_acceptance
    c2 = 10 * 0.05 * (1 - asv.spoof_miss)
    return ((c1 * frr + c2 * far) / min(c1, c2)).min()
