"""A manifest in, one out whose dev holds only attacks that its train does not: for honest numbers before eval."""

from collections.abc import Iterable, Sequence

from datamodules.manifest import BONAFIDE, Manifest, ManifestError, Trial, shorten


def leave_attacks_out(manifest: Manifest, attacks: Sequence[str]) -> Manifest:
    """Train on the other attacks, and measure dev on these alone.

    Train loses the named attacks; dev keeps its bona fide trials and, of the spoofed ones, those of the named attacks.
    So an EER on dev is of attacks that were never trained on. Dev of most corpora holds the attacks of train, where the
    EER is soon zero and tells models no longer apart. Eval is left as it is.

    Args:
        manifest: of the whole corpus.
        attacks: left out of train, as their trials name them.

    Raises:
        ManifestError: an attack is not in dev, or train would have none left.
    """
    left_out = set(attacks)
    in_train, in_dev = (_attacks(manifest.partition(partition)) for partition in ("train", "dev"))
    unknown = sorted(left_out - in_dev)
    if unknown:
        raise ManifestError(
            f"{manifest.name}: found no attack {shorten(unknown)} in dev to leave out of train, expected one of "
            f"{', '.join(sorted(in_dev)) or 'none, since dev has no spoofed trials'}"
        )
    if in_train <= left_out:
        raise ManifestError(
            f"{manifest.name}: found every attack of train left out ({shorten(sorted(in_train))}), expected at least "
            "one to train on; leave out fewer"
        )

    def kept(trial: Trial) -> bool:
        if trial.partition == "eval" or trial.key == BONAFIDE:
            return True
        return (trial.attack in left_out) == (trial.partition == "dev")

    trials = [trial for trial in manifest if kept(trial)]
    trained = {trial.corpus for trial in trials if trial.partition == "train"}
    emptied = sorted(corpus for corpus, weight in manifest.weights.items() if weight and corpus not in trained)
    if emptied:
        raise ManifestError(
            f"{manifest.name}: found no trial of {shorten(emptied)} left in train, expected some, since it has a "
            "weight; give it the weight 0, or leave out other attacks"
        )
    return Manifest(trials, manifest.name, manifest.weights, notes=manifest.notes)


def _attacks(trials: Iterable[Trial]) -> set[str]:
    return {trial.attack for trial in trials if trial.key != BONAFIDE}
