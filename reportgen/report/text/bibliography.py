"""The sources that reports cite, in one literal table with one entry per source."""

from __future__ import annotations

from dataclasses import dataclass

from reportgen.errors import RenderError


@dataclass(frozen=True)
class Reference:
    """One source."""

    authors: str
    """Authors as in the list of references."""
    short: str
    """Authors as named in the text."""
    year: str
    title: str
    venue: str
    link: str
    """DOI or arXiv address."""
    linked: str
    """Text of the link."""

    @property
    def brief(self) -> str:
        """Authors as in a narrow table: of three or more only the first, “Burda et al.”."""
        first, comma, _ = self.short.partition(",")
        return f"{first} et al." if comma else self.short


def _doi(identifier: str) -> tuple[str, str]:
    return f"https://doi.org/{identifier}", f"doi:{identifier}"


def _arxiv(identifier: str) -> tuple[str, str]:
    return f"https://arxiv.org/abs/{identifier}", f"arXiv:{identifier}"


REFERENCES: dict[str, Reference] = {
    "alpaydin1998": Reference(
        "Alpaydin, E., & Kaynak, C.", "Alpaydin & Kaynak", "1998",
        "Optical recognition of handwritten digits",
        "UCI Machine Learning Repository", *_doi("10.24432/C50P49"),
    ),
    "bengio2013": Reference(
        "Bengio, Y., Léonard, N., & Courville, A.", "Bengio, Léonard & Courville", "2013",
        "Estimating or propagating gradients through stochastic neurons for conditional computation",
        "arXiv preprint", *_arxiv("1308.3432"),
    ),
    "borea": Reference(
        "Borea, M.", "Borea", "n.d.",
        "Why does the NLL gradient in VAEs exhibit less variance than the REINFORCE estimator?",
        "Blog post (the source post)",
        "https://borea17.github.io/ML_101/probability_theory/VAE_NLL_gradient_better_than_REINFORCE_estimator",
        "borea17.github.io",
    ),
    "burda2016": Reference(
        "Burda, Y., Grosse, R., & Salakhutdinov, R.", "Burda, Grosse & Salakhutdinov", "2016",
        "Importance weighted autoencoders", "International Conference on Learning Representations",
        *_arxiv("1509.00519"),
    ),
    "chan1983": Reference(
        "Chan, T. F., Golub, G. H., & LeVeque, R. J.", "Chan, Golub & LeVeque", "1983",
        "Algorithms for computing the sample variance: analysis and recommendations",
        "The American Statistician 37(3), 242–247", *_doi("10.1080/00031305.1983.10483115"),
    ),
    "dong2020": Reference(
        "Dong, Z., Mnih, A., & Tucker, G.", "Dong, Mnih & Tucker", "2020",
        "DisARM: an antithetic gradient estimator for binary latent variables",
        "Advances in Neural Information Processing Systems 33", *_arxiv("2006.10680"),
    ),
    "glorot2010": Reference(
        "Glorot, X., & Bengio, Y.", "Glorot & Bengio", "2010",
        "Understanding the difficulty of training deep feedforward neural networks",
        "International Conference on Artificial Intelligence and Statistics, PMLR 9, 249–256",
        "https://proceedings.mlr.press/v9/glorot10a.html", "PMLR 9",
    ),
    "greensmith2004": Reference(
        "Greensmith, E., Bartlett, P. L., & Baxter, J.", "Greensmith, Bartlett & Baxter", "2004",
        "Variance reduction techniques for gradient estimates in reinforcement learning",
        "Journal of Machine Learning Research 5, 1471–1530",
        "https://www.jmlr.org/papers/v5/greensmith04a.html", "JMLR 5",
    ),
    "gu2016": Reference(
        "Gu, S., Levine, S., Sutskever, I., & Mnih, A.", "Gu et al.", "2016",
        "MuProp: unbiased backpropagation for stochastic neural networks",
        "International Conference on Learning Representations", *_arxiv("1511.05176"),
    ),
    "holm1979": Reference(
        "Holm, S.", "Holm", "1979", "A simple sequentially rejective multiple test procedure",
        "Scandinavian Journal of Statistics 6(2), 65–70",
        "https://www.jstor.org/stable/4615733", "JSTOR 4615733",
    ),
    "hotelling1931": Reference(
        "Hotelling, H.", "Hotelling", "1931", "The generalization of Student’s ratio",
        "The Annals of Mathematical Statistics 2(3), 360–378", *_doi("10.1214/aoms/1177732979"),
    ),
    "jang2017": Reference(
        "Jang, E., Gu, S., & Poole, B.", "Jang, Gu & Poole", "2017",
        "Categorical reparameterization with Gumbel-softmax",
        "International Conference on Learning Representations", *_arxiv("1611.01144"),
    ),
    "kim2024": Reference(
        "Kim, I., & Ramdas, A.", "Kim & Ramdas", "2024",
        "Dimension-agnostic inference using cross U-statistics", "Bernoulli 30(1), 683–711",
        *_arxiv("2011.05068"),
    ),
    "kingma2013": Reference(
        "Kingma, D. P., & Welling, M.", "Kingma & Welling", "2013", "Auto-encoding variational Bayes",
        "International Conference on Learning Representations 2014", *_arxiv("1312.6114"),
    ),
    "kingma2015": Reference(
        "Kingma, D. P., & Ba, J.", "Kingma & Ba", "2015", "Adam: a method for stochastic optimization",
        "International Conference on Learning Representations", *_arxiv("1412.6980"),
    ),
    "kool2019": Reference(
        "Kool, W., van Hoof, H., & Welling, M.", "Kool, van Hoof & Welling", "2019",
        "Buy 4 REINFORCE samples, get a baseline for free!",
        "ICLR workshop on Deep Reinforcement Learning Meets Structured Prediction",
        "https://openreview.net/forum?id=r1lgTGL5DE", "OpenReview",
    ),
    "lake2015": Reference(
        "Lake, B. M., Salakhutdinov, R., & Tenenbaum, J. B.", "Lake, Salakhutdinov & Tenenbaum", "2015",
        "Human-level concept learning through probabilistic program induction",
        "Science 350(6266), 1332–1338", *_doi("10.1126/science.aab3050"),
    ),
    "larochelle2011": Reference(
        "Larochelle, H., & Murray, I.", "Larochelle & Murray", "2011",
        "The neural autoregressive distribution estimator",
        "International Conference on Artificial Intelligence and Statistics, PMLR 15, 29–37",
        "https://proceedings.mlr.press/v15/larochelle11a.html", "PMLR 15",
    ),
    "lecun1998": Reference(
        "LeCun, Y., Bottou, L., Bengio, Y., & Haffner, P.", "LeCun et al.", "1998",
        "Gradient-based learning applied to document recognition",
        "Proceedings of the IEEE 86(11), 2278–2324", *_doi("10.1109/5.726791"),
    ),
    "maddison2017": Reference(
        "Maddison, C. J., Mnih, A., & Teh, Y. W.", "Maddison, Mnih & Teh", "2017",
        "The Concrete distribution: a continuous relaxation of discrete random variables",
        "International Conference on Learning Representations", *_arxiv("1611.00712"),
    ),
    "mnih2014": Reference(
        "Mnih, A., & Gregor, K.", "Mnih & Gregor", "2014",
        "Neural variational inference and learning in belief networks",
        "International Conference on Machine Learning, PMLR 32, 1791–1799", *_arxiv("1402.0030"),
    ),
    "mnih2016": Reference(
        "Mnih, A., & Rezende, D. J.", "Mnih & Rezende", "2016",
        "Variational inference for Monte Carlo objectives",
        "International Conference on Machine Learning, PMLR 48, 2188–2196", *_arxiv("1602.06725"),
    ),
    "mohamed2020": Reference(
        "Mohamed, S., Rosca, M., Figurnov, M., & Mnih, A.", "Mohamed et al.", "2020",
        "Monte Carlo gradient estimation in machine learning",
        "Journal of Machine Learning Research 21(132), 1–62", *_arxiv("1906.10652"),
    ),
    "ong2018": Reference(
        "Ong, V. M.-H., Nott, D. J., & Smith, M. S.", "Ong, Nott & Smith", "2018",
        "Gaussian variational approximation with a factor covariance structure",
        "Journal of Computational and Graphical Statistics 27(3), 465–478", *_arxiv("1701.03208"),
    ),
    "paisley2012": Reference(
        "Paisley, J., Blei, D. M., & Jordan, M. I.", "Paisley, Blei & Jordan", "2012",
        "Variational Bayesian inference with stochastic search",
        "International Conference on Machine Learning",
        *_arxiv("1206.6430"),
    ),
    "patnaik1949": Reference(
        "Patnaik, P. B.", "Patnaik", "1949", "The non-central χ²- and F-distribution and their applications",
        "Biometrika 36(1/2), 202–232", *_doi("10.1093/biomet/36.1-2.202"),
    ),
    "rainforth2018": Reference(
        "Rainforth, T., Kosiorek, A. R., Le, T. A., Maddison, C. J., Igl, M., Wood, F., & Teh, Y. W.",
        "Rainforth et al.", "2018", "Tighter variational bounds are not necessarily better",
        "International Conference on Machine Learning, PMLR 80, 4277–4285", *_arxiv("1802.04537"),
    ),
    "ranganath2014": Reference(
        "Ranganath, R., Gerrish, S., & Blei, D. M.", "Ranganath, Gerrish & Blei", "2014",
        "Black box variational inference",
        "International Conference on Artificial Intelligence and Statistics, PMLR 33, 814–822",
        *_arxiv("1401.0118"),
    ),
    "rezende2014": Reference(
        "Rezende, D. J., Mohamed, S., & Wierstra, D.", "Rezende, Mohamed & Wierstra", "2014",
        "Stochastic backpropagation and approximate inference in deep generative models",
        "International Conference on Machine Learning, PMLR 32, 1278–1286", *_arxiv("1401.4082"),
    ),
    "roeder2017": Reference(
        "Roeder, G., Wu, Y., & Duvenaud, D.", "Roeder, Wu & Duvenaud", "2017",
        "Sticking the landing: simple, lower-variance gradient estimators for variational inference",
        "Advances in Neural Information Processing Systems 30", *_arxiv("1703.09194"),
    ),
    "roweis2000": Reference(
        "Roweis, S. T., & Saul, L. K.", "Roweis & Saul", "2000",
        "Nonlinear dimensionality reduction by locally linear embedding",
        "Science 290(5500), 2323–2326", *_doi("10.1126/science.290.5500.2323"),
    ),
    "salmon2011": Reference(
        "Salmon, J. K., Moraes, M. A., Dror, R. O., & Shaw, D. E.", "Salmon et al.", "2011",
        "Parallel random numbers: as easy as 1, 2, 3",
        "International Conference for High Performance Computing, Networking, Storage and Analysis",
        *_doi("10.1145/2063384.2063405"),
    ),
    "shao1995": Reference(
        "Shao, J., & Tu, D.", "Shao & Tu", "1995",
        "The jackknife and bootstrap", "Springer Series in Statistics",
        *_doi("10.1007/978-1-4612-0795-5"),
    ),
    "street1993": Reference(
        "Street, W. N., Wolberg, W. H., & Mangasarian, O. L.", "Street, Wolberg & Mangasarian", "1993",
        "Nuclear feature extraction for breast tumor diagnosis",
        "Biomedical Image Processing and Biomedical Visualization, Proceedings of SPIE 1905, 861–870",
        *_doi("10.1117/12.148698"),
    ),
    "titsias2014": Reference(
        "Titsias, M. K., & Lázaro-Gredilla, M.", "Titsias & Lázaro-Gredilla", "2014",
        "Doubly stochastic variational Bayes for non-conjugate inference",
        "International Conference on Machine Learning, PMLR 32, 1971–1979",
        "https://proceedings.mlr.press/v32/titsias14.html", "PMLR 32",
    ),
    "titsias2015": Reference(
        "Titsias, M. K., & Lázaro-Gredilla, M.", "Titsias & Lázaro-Gredilla", "2015",
        "Local expectation gradients for black box variational inference",
        "Advances in Neural Information Processing Systems 28, 2638–2646", *_arxiv("1503.01494"),
    ),
    "tucker2017": Reference(
        "Tucker, G., Mnih, A., Maddison, C. J., Lawson, J., & Sohl-Dickstein, J.", "Tucker et al.", "2017",
        "REBAR: low-variance, unbiased gradient estimates for discrete latent variable models",
        "Advances in Neural Information Processing Systems 30", *_arxiv("1703.07370"),
    ),
    "tucker2019": Reference(
        "Tucker, G., Lawson, D., Gu, S., & Maddison, C. J.", "Tucker et al.", "2019",
        "Doubly reparameterized gradient estimators for Monte Carlo objectives",
        "International Conference on Learning Representations", *_arxiv("1810.04152"),
    ),
    "williams1992": Reference(
        "Williams, R. J.", "Williams", "1992",
        "Simple statistical gradient-following algorithms for connectionist reinforcement learning",
        "Machine Learning 8, 229–256", *_doi("10.1007/BF00992696"),
    ),
    "wilson1927": Reference(
        "Wilson, E. B.", "Wilson", "1927",
        "Probable inference, the law of succession, and statistical inference",
        "Journal of the American Statistical Association 22(158), 209–212",
        *_doi("10.1080/01621459.1927.10502953"),
    ),
    "yin2020": Reference(
        "Yin, M., Ho, N., Yan, B., Qian, X., & Zhou, M.", "Yin et al.", "2020",
        "Probabilistic best subset selection via gradient-based optimization",
        "arXiv preprint", *_arxiv("2006.06448"),
    ),
}  # fmt: skip


def reference(key: str) -> Reference:
    """A source by its key. Raises RenderError for a key that is not in the table."""
    try:
        return REFERENCES[key]
    except KeyError:
        raise RenderError(
            "report: a citation needs a key of reportgen.report.text.bibliography.REFERENCES, found "
            f"{key!r}. Add it there."
        ) from None
