"""What a sweep found, in one computed sentence."""

import numpy as np

from analysis.core import intervals
from analysis.plane.localisation import Effect, chosen_settings, effect, lacking
from analysis.plane.specs import SweepSpec
from analysis.questions.geometry import degrees, mean_angle
from analysis.study.manifest import PlanePart
from analysis.study.study import Study


def finding(study: Study) -> str:
    """The result in one sentence, computed on the half of the items that nothing was
    chosen on; or that there is none.

    An effect counts when its 95 % interval over items lies above 0.
    """
    best = chosen_settings(study)
    if missing := lacking(study):
        known = "".join(f" {words}." for words in one_sided(study, best, missing))
        return (
            "There is no finding on what transfer costs in culture: "
            f"{'; '.join(missing.values())}.{known}"
        )
    if "English" not in best or "local" not in best:
        return f"There is no finding: {untried(study)}."
    english, local = effect(study, best["English"]), effect(study, best["local"])
    head = both_sides(study, english, local)
    if not english.gain_ends[0] > 0:
        return (
            f"There is no finding: {head}. The gain in transfer is not above 0, so there "
            "is nothing whose cost could be asked for."
        )
    if "both" not in best:
        return f"{head}. Both at once were not tried yet."
    return f"{head}; {together(english, effect(study, best['both']))}."


def both_sides(study: Study, english: Effect, local: Effect) -> str:
    """Where either vector gains most, and how far apart the two are there."""
    at, where = english.setting.english_layer, local.setting.local_layer
    gains = change(english.gain, english.gain_ends)
    lost = points(english.erasure, plus=False)
    wins = f"localisation {change(-local.erasure, local.erasure_ends, -1)}"
    if local.erasure_ends[1] < 0:
        then = f"local at layer {where} ({wins})"
    else:
        then = f"local steering wins nothing that holds up (at layer {where}: {wins})"
    return (
        f"English steering gains most at layer {at} of {study.layers} (transfer {gains}; "
        f"localisation lost: {lost}), {then}{angle_words(study, (at, where))}"
    )


def one_sided(study: Study, best: dict[str, int], missing: dict[str, str]) -> list[str]:
    """What the vector of the axis that is there does on it."""
    found = []
    if "English" in best and "transfer" not in missing:
        english = effect(study, best["English"])
        where = f"layer {english.setting.english_layer} of {study.layers}"
        found.append(
            f"English steering gains most at {where} (transfer "
            f"{change(english.gain, english.gain_ends)})"
        )
    if "local" in best and "localisation" not in missing:
        local = effect(study, best["local"])
        where = f"layer {local.setting.local_layer} of {study.layers}"
        found.append(
            f"Local steering gains most at {where} (localisation "
            f"{change(-local.erasure, local.erasure_ends, -1)})"
        )
    return found


def untried(study: Study) -> str:
    """Why a sweep has not both vectors to speak of."""
    if "en" not in study.languages:
        return "English is not among the languages, and an English vector leads to it"
    if study.manifest.part(PlanePart).spec_as(SweepSpec).languages == ("en",):
        return "English is the only language, and an English vector leads to it from another one"
    if not study.has("local_vector"):
        return (
            "no language has a local vector, which needs culture questions with and "
            "without the country named"
        )
    return "the sweep has not tried both vectors yet, or no language has both"


def together(english: Effect, both: Effect) -> str:
    """What both vectors at once keep of the gain, and at what cost; English steering's
    own gain is above 0.

    A share of its cost is told only where that cost is above 0 with its whole interval:
    a share of next to nothing says nothing.
    """
    if np.isnan(both.gain):
        kept = "what both at once keep of the gain is not known"
    elif both.gain <= 0:
        kept = f"both at once keep none of the gain (transfer {points(both.gain)})"
    else:
        share = round(100 * both.gain / english.gain)
        kept = (
            f"both at once {'keep' if share <= 100 else 'reach'} {share} % of the gain"
        )
    if np.isnan(english.erasure) or np.isnan(both.erasure):
        return f"{kept}; the cost is not known ({both.setting.words})"
    if both.erasure < 0:
        how = f"and win {points(-both.erasure, plus=False)} localisation"
    elif english.erasure_ends[0] > 0:
        how = f"at {100 * both.erasure / english.erasure:.0f} % of the cost"
    else:
        lost = points(both.erasure, plus=False)
        how = (
            f"and lose {lost} localisation, where the cost of English steering alone "
            "is not above 0 with its whole interval"
        )
    return f"{kept} {how} ({both.setting.words})"


def change(share: float, low_high: tuple[float, float], sign: int = 1) -> str:
    """A change with its interval."""
    return (
        f"{points(share)}, {ends(low_high, sign)}"
        if np.isfinite(low_high).all()
        else points(share)
    )


def points(share: float, plus: bool = True) -> str:
    """A share in percentage points; in words where there is none."""
    if np.isnan(share):
        return "not known"
    return (
        f"{round(100 * share, 1) + 0.0:{'+' if plus else ''}.1f} points"  # + 0.0: no −0
    )


def ends(low_high: tuple[float, float], sign: int = 1) -> str:
    """An interval in percentage points."""
    low, high = sorted(sign * 100 * end for end in low_high)
    return f"95 % {intervals.ends(low, high, '+.1f')}"


def angle_words(study: Study, layers: tuple[int, int]) -> str:
    """The mean angle of the two vectors that were swept at the two layers, where the
    study has it.
    """
    if not (study.has("english_vector") and study.has("local_vector")):
        return ""
    spec = study.manifest.part(PlanePart).spec_as(SweepSpec)
    cosines = (
        mean_angle(study, spec.local)["cosine"]
        .sel(layer=list(dict.fromkeys(layers)))
        .values
    )
    if not np.isfinite(cosines).all():
        return "; the two vectors have no angle there, as one of them is zero in every language"
    return f"; the two vectors are {' and '.join(angles_of(cosines))} apart there"


def angles_of(cosines: np.ndarray) -> list[str]:
    """Angles in words, each once: two layers may have the same."""
    return list(dict.fromkeys(f"{angle:.0f}°" for angle in degrees(cosines)))
