"""The works that a figure rests on, found by what its words speak of."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Work:
    """An entry of a bibliography and the words that call for it."""

    called_by: str
    kind: str
    entry: str


XU = "xu2024multilingual"
WORKS: dict[str, Work] = {
    XU: Work(
        r"Xu et al|concept vector|held-out pairs|Acc\(",
        "inproceedings",
        "author = {Xu, Shaoyang and Dong, Weilong and Guo, Zishan and Wu, Xinwei and Xiong, Deyi},\n"
        "title = {Exploring Multilingual Concepts of Human Values in Large Language Models: Is Value Alignment Consistent, "
        "Transferable and Controllable across Languages?},\n"
        "booktitle = {Findings of the Association for Computational Linguistics: EMNLP 2024},\n"
        "pages = {1771--1793},\nyear = {2024},\neprint = {2402.18120}",
    ),
    "peng2024concept": Work(
        r"Procrustes|CSLS|P@",
        "inproceedings",
        "author = {Peng, Qiwei and S{\\o}gaard, Anders},\ntitle = {Concept Space Alignment in Multilingual {LLMs}},\n"
        "booktitle = {Proceedings of EMNLP 2024},\nyear = {2024},\neprint = {2410.01079}",
    ),
    "han2025rethinking": Work(
        r"[Ll]ocalisation|erasure",
        "misc",
        "author = {Han, HyoJung and Agrawal, Sweta and Briakou, Eleftheria},\ntitle = {Rethinking Cross-lingual Alignment: "
        "Balancing Transfer and Cultural Erasure in Multilingual {LLMs}},\nyear = {2025},\neprint = {2510.26024}",
    ),
    "zou2023representation": Work(
        r"[Ss]teer|operator|strength|LAT|RepE",
        "misc",
        "author = {Zou, Andy and others},\ntitle = {Representation Engineering: A Top-Down Approach to {AI} Transparency},\n"
        "year = {2023},\neprint = {2310.01405}",
    ),
    "littell2017uriel": Work(
        r"genetic|syntactic|geographic|phonological|URIEL",
        "inproceedings",
        "author = {Littell, Patrick and Mortensen, David R. and Lin, Ke and Kairis, Katherine and Turner, Carlisle and "
        "Levin, Lori},\ntitle = {{URIEL} and lang2vec: Representing languages as typological, geographical, and phylogenetic "
        "vectors},\nbooktitle = {Proceedings of EACL 2017, Volume 2: Short Papers},\npages = {8--14},\nyear = {2017}",
    ),
    "conneau2018word": Work(
        r"CSLS",
        "inproceedings",
        "author = {Conneau, Alexis and Lample, Guillaume and Ranzato, Marc'Aurelio and Denoyer, Ludovic and J{\\'e}gou, "
        "Herv{\\'e}},\ntitle = {Word Translation Without Parallel Data},\nbooktitle = {ICLR},\nyear = {2018}",
    ),
    "schonemann1966generalized": Work(
        r"Procrustes",
        "article",
        'author = {Sch{\\"o}nemann, Peter H.},\ntitle = {A generalized solution of the orthogonal Procrustes problem},\n'
        "journal = {Psychometrika},\nvolume = {31},\npages = {1--10},\nyear = {1966}",
    ),
    "benjamini1995controlling": Work(
        r"Benjamini|adjusted p",
        "article",
        "author = {Benjamini, Yoav and Hochberg, Yosef},\ntitle = {Controlling the False Discovery Rate: A Practical and "
        "Powerful Approach to Multiple Testing},\njournal = {Journal of the Royal Statistical Society: Series B},\n"
        "volume = {57},\nnumber = {1},\npages = {289--300},\nyear = {1995}",
    ),
    "efron1979bootstrap": Work(
        r"bootstrap",
        "article",
        "author = {Efron, Bradley},\ntitle = {Bootstrap Methods: Another Look at the Jackknife},\n"
        "journal = {The Annals of Statistics},\nvolume = {7},\nnumber = {1},\npages = {1--26},\nyear = {1979}",
    ),
    "wilson1927probable": Work(
        r"Wilson",
        "article",
        "author = {Wilson, Edwin B.},\ntitle = {Probable Inference, the Law of Succession, and Statistical Inference},\n"
        "journal = {Journal of the American Statistical Association},\nvolume = {22},\npages = {209--212},\nyear = {1927}",
    ),
    "mantel1967detection": Work(
        r"Mantel",
        "article",
        "author = {Mantel, Nathan},\ntitle = {The Detection of Disease Clustering and a Generalized Regression Approach},\n"
        "journal = {Cancer Research},\nvolume = {27},\npages = {209--220},\nyear = {1967}",
    ),
    "mcinnes2018umap": Work(
        r"UMAP",
        "misc",
        "author = {McInnes, Leland and Healy, John and Melville, James},\ntitle = {{UMAP}: Uniform Manifold Approximation and "
        "Projection for Dimension Reduction},\nyear = {2018},\neprint = {1802.03426}",
    ),
}


def called(words: str) -> tuple[str, ...]:
    """Keys of the works that some words call for; the first seed paper where none is named."""
    return tuple(
        key for key, work in WORKS.items() if re.search(work.called_by, words)
    ) or (XU,)


def bibliography(keys: tuple[str, ...]) -> str:
    """BibTeX entries."""
    parts = []
    for key in keys:
        lines = [*WORKS[key].entry.split("\n")]
        if "eprint" in lines[-1]:
            lines[-1:] = [lines[-1] + ",", "archivePrefix = {arXiv}"]
        parts.append(
            f"@{WORKS[key].kind}{{{key},\n"
            + "\n".join(f"  {line}" for line in lines)
            + "\n}\n"
        )
    return "\n".join(parts)
