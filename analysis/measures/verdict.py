"""What a sweep found, in one computed sentence."""

from analysis.measures.geometry import degrees, mean_angle
from analysis.measures.localisation import Effect, chosen_settings, effect
from analysis.studies.study import Study


def finding(study: Study) -> str:
    """The result in one sentence, computed on the half of the items that nothing was chosen on; or that there is none.

    An effect counts when its 95 % bootstrap over items lies above 0.
    """
    best = chosen_settings(study)
    if "English" not in best or "local" not in best:
        return "There is no finding: the sweep has not tried both vectors yet, or no language has both."
    english, local = effect(study, best["English"]), effect(study, best["local"])
    layers = (english.setting.english_layer, local.setting.local_layer)
    wins = f"{points(-local.erasure)} localisation, {ends(local.erasure_ends, -1)}"
    head = (
        f"English steering gains most at layer {layers[0]} of {study.layers} ({points(english.gain)} transfer, "
        f"{ends(english.gain_ends)}, for {points(english.erasure, plus=False)} localisation lost), "
        + (
            f"local at layer {layers[1]} ({wins})"
            if local.erasure_ends[1] < 0
            else f"local steering wins nothing that holds up (at layer {layers[1]}: {wins})"
        )
        + angle_words(study, layers)
    )
    if not english.gain_ends[0] > 0:
        return (
            f"There is no finding: {head}. The gain in transfer is not above 0, so there is nothing whose cost could be asked for."
        )
    if "both" not in best:
        return f"{head}. Both at once were not tried yet."
    return f"{head}; {together(english, effect(study, best['both']))}."


def together(english: Effect, both: Effect) -> str:
    """What both vectors at once keep of the gain, and at what cost."""
    share = round(100 * both.gain / english.gain)
    kept = f"both at once {'keep' if share <= 100 else 'reach'} {share} % of the gain"
    if english.erasure <= 0:
        return f"English steering alone costs no localisation; {kept} and change localisation by {points(-both.erasure)}"
    cost = 100 * both.erasure / english.erasure
    how = f"at {cost:.0f} % of the cost" if cost >= 0 else f"and win {points(-both.erasure, plus=False)} localisation"
    return f"{kept} {how} ({both.setting.words})"


def points(share: float, plus: bool = True) -> str:
    """A share in percentage points."""
    return f"{round(100 * share, 1) + 0.0:{'+' if plus else ''}.1f} points"  # + 0.0: no −0


def ends(low_high: tuple[float, float], sign: int = 1) -> str:
    """An interval in percentage points."""
    low, high = sorted(sign * 100 * end for end in low_high)
    return f"95 % {round(low, 1) + 0.0:+.1f} to {round(high, 1) + 0.0:+.1f}"


def angle_words(study: Study, layers: tuple[int, int]) -> str:
    """The mean angle of the two vectors that were swept at the two layers, where the study has it."""
    if not (study.has("english_vector") and study.has("local_vector")):
        return ""
    cosines = mean_angle(study, study.manifest["plane"]["spec"]["local"])["cosine"].sel(layer=list(dict.fromkeys(layers))).values
    if not (cosines == cosines).all():  # NaN: there is no angle to a vector of zero
        return "; the two vectors have no angle there, as one of them is zero in every language"
    return f"; the two vectors are {' and '.join(f'{angle:.0f}°' for angle in degrees(cosines))} apart there"
